"""How much a GAN depends on its seed: the same training from several, each stopped by the distance of held-out showers.

    python benchmarks/shower_gan_seeds.py [--seeds N] [--first N] [--set train.epochs=6 ...] [--json FILE]

Trains `calorimeter_showers.gan` with seeds 1 to N (or from ``--first`` on) on the same showers. Printed are the held-out distance at the
best epoch and at the last one, and on test showers the Fréchet physics distance, the AUC of a classifier and the resolution from 0.4 of the
highest energy on, in percent; then the best and the median of the seeds. Beside them stand the network before any training and the floor:
two samples of the simulation.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import BartikError, Config, Dataset, UsageError, load_config
from bartik.core.files import write_json
from bartik.core.plugins import load_part, load_usecase, usecase_folder
from bartik.core.provenance import revision
from bartik.exporters import outputs as outputs_of
from bartik.metrics import fpd, two_sample_auc
from bartik.metrics.shower_observables import high_level, observables
from bartik.profile.machine import machine
from bartik.train import train_model
from bartik.usecases.calorimeter_showers.gan.training import read_curves
from bartik.usecases.calorimeter_showers.judged import resolution_at_high_energies
from bartik.usecases.calorimeter_showers.sample import geometry_of

_SHOWN = ("best", "last", "FPD", "AUC")


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        if options.first > options.seeds:
            raise UsageError(f"--first {options.first}: the last seed is {options.seeds}", hint="give --seeds as well")
        found = measure(range(options.first, options.seeds + 1), options.settings)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, found)
    return 0


def measure(seeds: Sequence[int], settings: list[str]) -> dict[str, Any]:
    """Distances by seed, and those of the untrained network and of the simulation itself."""
    usecase = load_part(load_usecase("calorimeter_showers"), "gan")
    config = load_config(usecase_folder(usecase), settings=settings)
    data = {split: usecase.data(split, config) for split in ("train", "validation", "test")}
    other = usecase.data("test", config.replace({"data": {"seed": config.data.seed + 1000}}))
    untrained: Any = usecase.model(config)
    untrained.adapt_to(data["train"].inputs, data["train"].target)
    with tempfile.TemporaryDirectory() as folder:
        rows = [_seed(usecase, config.replace({"train": {"seed": seed}}), data, Path(folder)) for seed in seeds]
    return {
        "seeds": rows,
        "untrained": _judged(
            outputs_of(untrained, usecase.signature, data["test"].inputs)["showers"], data["test"].inputs, data["test"], config
        ),
        "floor": _judged(other.target, other.inputs, data["test"], config),
        "machine": machine(),
        "code": revision(Path(__file__).parent),
    }


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = ["| seed | held-out distance, best epoch (its number) | at the end | FPD | AUC, high level | resolution, high energies, % |"]
    lines.append("|---|---|---|---|---|---|")
    for row in found["seeds"]:
        held = f"{row['best']:.4f} ({row['epoch']} of {row['epochs']}) | {row['last']:.4f}"
        lines.append(f"| {row['seed']} | {held} | {_judgement(row)} |")
    seen = found["floor"]["resolution"][0]
    for name, of, near in (("best", min, lambda values: min(values, key=lambda one: abs(one - seen))), ("median", _median, _median)):
        values = {key: of([row[key] for row in found["seeds"]]) for key in _SHOWN}
        values["resolution"] = [near([row["resolution"][0] for row in found["seeds"]])]
        lines.append(f"| {name} | {values['best']:.4f} | {values['last']:.4f} | {_judgement(values)} |")
    lines += [f"| {name} | | | {_judgement(found[name])} |" for name in ("untrained", "floor")]
    return "\n".join(lines)


def _median(values: list[float]) -> float:
    return float(np.median(values))


def _judgement(row: dict[str, Any]) -> str:
    value, *interval = row["resolution"]
    error = f" ± {(interval[1] - interval[0]) / 2:.2f}" if interval else ""
    return f"{row['FPD']:.4f} | {row['AUC']:.4f} | {value:.2f}{error}"


def _seed(usecase: Any, config: Config, data: dict[str, Dataset], folder: Path) -> dict[str, Any]:
    checkpoint = folder / f"{config.train.seed}.pt"
    model = train_model(usecase, data["train"], data["validation"], config, checkpoint, partial(_say, config.train.seed))
    curves = read_curves(checkpoint)
    distances = curves["distance"]
    found: dict[str, Any] = {
        "seed": config.train.seed,
        "best": float(distances.min()),
        "epoch": int(distances.argmin()) + 1,
        "epochs": len(distances),
    }
    made = outputs_of(model, usecase.signature, data["test"].inputs)["showers"]
    found |= {"last": float(distances[-1]), "curves": {name: curve.tolist() for name, curve in curves.items()}}
    found |= _judged(made, data["test"].inputs, data["test"], config)
    print({key: value for key, value in found.items() if key != "curves"}, file=sys.stderr)
    return found


def _say(seed: int, line: str) -> None:
    print(f"seed {seed}: {line}", file=sys.stderr, flush=True)


def _judged(made: Any, inputs: Any, test: Dataset, config: Config) -> dict[str, Any]:
    binning = geometry_of(config).binning
    parts = ((test.target, test.inputs["energy"][:, 0]), (made, inputs["energy"][:, 0]))
    features = [high_level(observables(showers, energy, binning), energy) for showers, energy in parts]
    resolution = resolution_at_high_energies(made.sum(1), inputs["energy"][:, 0], config.data.energies[1])
    return {
        "FPD": fpd(features[0], features[1], batches=5).value,
        "AUC": two_sample_auc(features[0], features[1], "trees").value,
        "resolution": [resolution.value, resolution.low, resolution.high],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="the last one")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="seed to begin with")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
