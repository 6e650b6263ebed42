"""The two-track selection of a run against its peers: efficiencies, certificates, 8 bits, a detector that is not what it was.

python benchmarks/two_track.py runs/two_track_trigger [--out docs/images]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from bartik import plots
from bartik.backends import prepare
from bartik.core import Array, Config, Dataset, UseCase
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.files import read_arrays
from bartik.exporters.quantized import quantize
from bartik.profile.machine import machine
from bartik.usecases import two_track_trigger
from bartik.usecases.trigger_rates import cut_at, events_by_class
from bartik.usecases.two_track_trigger.certificate import certificate, scaled_inputs
from bartik.usecases.two_track_trigger.columns import DIRECTIONS, LOGARITHMIC
from bartik.usecases.two_track_trigger.instability import certain, kept, with_wrong_errors
from bartik.usecases.two_track_trigger.peers import network_scores, train_trees, tree_scores, unconstrained
from bartik.usecases.two_track_trigger.score import RATES

_EPOCHS = 2
FACTORS = np.array([0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3])


def main() -> None:
    """Print the tables, and draw the figures where --out names a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine().get('cpu', '')}")
    bundle = open_bundle(options.run / "bundle")
    data = {name: Dataset.from_arrays(read_arrays(options.run / "data" / f"{name}.npz")) for name in ("train", "validation", "test")}
    config = Config(bundle.provenance["configuration"])
    network, trees = unconstrained(data["train"], config), train_trees(data["train"], config)
    with tempfile.TemporaryDirectory() as folder:
        eight = quantize(bundle, data["validation"].inputs, Path(folder) / "int8")
        answers = {
            "Lipschitz": _native(bundle, "score"),
            "Lipschitz, int8": _native(eight, "score"),
            "unconstrained": lambda features: network_scores(network, features),
            "BDT": lambda features: tree_scores(trees, features),
        }
        answers |= _authors(data, config)
        _efficiencies(answers, data["test"])
        _certificates({"float32": bundle, "int8": eight})
        _instability(bundle, answers, data["test"], options.out)
    if options.out:
        _responses(answers, data["test"], options.out)


def _native(bundle: Bundle, output: str) -> Any:
    session = prepare(bundle, "native")
    return lambda features: session.run({"features": features})[output]


def _authors(data: dict[str, Dataset], config: Config) -> dict[str, Any]:
    """The same network by the package of the method's authors, trained by the same loop; nothing where it is not installed."""
    if find_spec("monotonenorm") is None:
        print("monotonenorm is not installed: pip install monotonenorm")
        return {}
    from bartik.nn.tabular import logistic_loss  # noqa: PLC0415 - with the optional package
    from bartik.train import fit, run_model  # noqa: PLC0415

    usecase = SimpleNamespace(signature=two_track_trigger.signature, model=_theirs, loss=logistic_loss)
    times, parts = {}, (data["train"], data["validation"])
    with tempfile.TemporaryDirectory() as folder:
        model = fit(cast(UseCase, usecase), *parts, config, Path(folder) / "whole.pt", lambda _: None)
        for name, what in (("monotonenorm", usecase), ("ours", two_track_trigger)) * 2:
            start = time.perf_counter()
            some = config.replace({"train": {"epochs": _EPOCHS}})
            fit(cast(UseCase, what), *parts, some, Path(folder) / f"{name}{len(times)}.pt", lambda _: None)
            times[name] = min(times.get(name, np.inf), (time.perf_counter() - start) / _EPOCHS)
    print(f"an epoch of training: {times['ours']:.2f} s ours, {times['monotonenorm']:.2f} s monotonenorm\n")
    return {"monotonenorm": lambda features: run_model(model, two_track_trigger.signature, {"features": features})["score"]}


def _theirs(config: Config) -> Any:
    import monotonenorm as theirs  # noqa: PLC0415 - optional
    from torch import nn  # noqa: PLC0415

    from bartik.nn.lipschitz import LipschitzClassifier  # noqa: PLC0415

    made = LipschitzClassifier(LOGARITHMIC, config.model.hidden, config.model.bound, DIRECTIONS)
    half, sizes = config.model.bound / 2, [len(DIRECTIONS), *config.model.hidden, 1]
    each = half ** (1 / (len(sizes) - 1))
    layers: list[nn.Module] = []
    for number in range(len(sizes) - 1):
        kind = "inf" if number else "one-inf"
        layers += [theirs.GroupSort(sizes[number] // 2)] if number else []
        layers.append(theirs.direct_norm(nn.Linear(sizes[number], sizes[number + 1]), kind, max_norm=each))
    made.response = theirs.SigmaNet(nn.Sequential(*layers), half, list(DIRECTIONS))
    return made


def _efficiencies(answers: dict[str, Any], test: Dataset) -> None:
    names = list(two_track_trigger.score({"score": test.target[:, np.newaxis]}, test))
    print("| classifier | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))
    for name, answer in answers.items():
        found = two_track_trigger.score({"score": answer(test.inputs["features"])}, test)
        cells = [f"{value.value:.4f} ± {(value.high - value.low) / 2:.4f}" for value in found.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()


def _certificates(bundles: dict[str, Bundle]) -> None:
    print("| precision | bound | step | fall |\n|---|---|---|---|")
    for name, bundle in bundles.items():
        found = certificate(bundle)
        print(f"| {name} | {found.bound:.4f} | {found.step:.4f} | {found.fall:.4f} |")
    print()


def _instability(bundle: Bundle, answers: dict[str, Any], test: Dataset, out: Path | None) -> None:
    features, limits = test.inputs["features"], certificate(bundle)
    response, start = _native(bundle, "response"), scaled_inputs(bundle, test.inputs["features"])
    before = response(features)
    crossings, _ = events_by_class(before, test)
    cut = cut_at(RATES[0], crossings, test)
    curves: dict[str, list[float]] = {"Lipschitz": [], "unconstrained": [], "BDT": []}
    band = []
    cuts = {name: _cut(answers[name](features), test) for name in curves}
    for factor in FACTORS:
        moved = with_wrong_errors(features, float(factor))
        change = np.abs(scaled_inputs(bundle, moved) - start).sum(axis=1)
        band.append(certain(before, change, test, cut, limits.bound, limits.step))
        for name, values in curves.items():
            values.append(kept(answers[name](moved), test, cuts[name]))
    print("| errors | certain | " + " | ".join(curves) + " |\n|" + "---|" * (len(curves) + 2))
    for k, factor in enumerate(FACTORS):
        print(
            f"| {factor:g} | {band[k][0]:.3f} to {band[k][1]:.3f} | " + " | ".join(f"{values[k]:.3f}" for values in curves.values()) + " |"
        )
    if out:
        low, high = np.array(band).T
        drawn = {name: np.array(values) for name, values in curves.items()}
        label = "true over assumed uncertainty of tracks"
        plots.save(plots.certified_band(FACTORS, drawn, (low, high), label, name="Lipschitz"), out / "two_track_instability.png")


def _cut(scores: Array, test: Dataset) -> float:
    crossings, _ = events_by_class(scores, test)
    return cut_at(RATES[0], crossings, test)


def _responses(answers: dict[str, Any], test: Dataset, out: Path) -> None:
    """Along the flight, all else that of the median decay."""
    flight = np.geomspace(1, 1e6, 400)
    rows = np.repeat(np.median(test.inputs["features"][test.target > 0.5], axis=0)[np.newaxis], len(flight), axis=0)
    rows[:, 0] = flight
    shown = {name: answers[name](rows.astype(np.float32)) for name in ("Lipschitz", "unconstrained", "BDT")}
    plots.save(plots.responses(shown, flight, "χ² of the flight"), out / "two_track_response.png")
    drawn = {name: answers[name](test.inputs["features"]) for name in ("Lipschitz", "unconstrained", "BDT")}
    names = {"Efficiency against output rate": "rate", "Efficiency of each decay": "modes", "Efficiency against lifetime": "lifetime"}
    for title, _, figure in two_track_trigger.figures(drawn, test):
        if title in names:
            plots.save(figure, out / f"two_track_{names[title]}.png")


if __name__ == "__main__":
    main()
