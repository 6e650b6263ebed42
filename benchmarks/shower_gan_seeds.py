"""How much a GAN depends on its seed: the same training from several, each stopped by the distance of held-out showers.

    python benchmarks/shower_gan_seeds.py [--seeds N] [--set train.epochs=6 ...] [--json FILE]

Trains `calorimeter_showers.gan` with seeds 1 to N on the same showers. Printed are the held-out distance at the best epoch and at the last
one, and on test showers the Fréchet physics distance and the AUC of a classifier; then the best and the median of the seeds. Beside them
stand the network before any training and the floor: two samples of the simulation.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import BartikError, Config, Dataset, load_config
from bartik.core.files import write_json
from bartik.core.plugins import load_part, load_usecase, usecase_folder
from bartik.core.provenance import revision
from bartik.exporters import outputs as outputs_of
from bartik.metrics import fpd, two_sample_auc
from bartik.metrics.shower_observables import high_level, observables
from bartik.profile.machine import machine
from bartik.train import train_model
from bartik.usecases.calorimeter_showers.gan.training import read_curves
from bartik.usecases.calorimeter_showers.sample import geometry_of


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = measure(options.seeds, options.settings)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, found)
    return 0


def measure(seeds: int, settings: list[str]) -> dict[str, Any]:
    """Distances by seed, and those of the untrained network and of the simulation itself."""
    usecase = load_part(load_usecase("calorimeter_showers"), "gan")
    config = load_config(usecase_folder(usecase), settings=settings)
    data = {split: usecase.data(split, config) for split in ("train", "validation", "test")}
    other = usecase.data("test", config.replace({"data": {"seed": config.data.seed + 1000}}))
    untrained: Any = usecase.model(config)
    untrained.adapt_to(data["train"].inputs, data["train"].target)
    with tempfile.TemporaryDirectory() as folder:
        rows = [_seed(usecase, config.replace({"train": {"seed": seed}}), data, Path(folder)) for seed in range(1, seeds + 1)]
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
    lines = ["| seed | held-out distance, best epoch (its number) | at the end | FPD | AUC, high level |", "|---|---|---|---|---|"]
    for row in found["seeds"]:
        held = f"{row['best']:.4f} ({row['epoch']} of {row['epochs']}) | {row['last']:.4f}"
        lines.append(f"| {row['seed']} | {held} | {row['FPD']:.4f} | {row['AUC']:.4f} |")
    for name, of in (("best", min), ("median", lambda values: float(np.median(values)))):
        values = {key: of([row[key] for row in found["seeds"]]) for key in ("best", "last", "FPD", "AUC")}
        lines.append(f"| {name} | {values['best']:.4f} | {values['last']:.4f} | {values['FPD']:.4f} | {values['AUC']:.4f} |")
    lines += [f"| {name} | | | {found[name]['FPD']:.4f} | {found[name]['AUC']:.4f} |" for name in ("untrained", "floor")]
    return "\n".join(lines)


def _seed(usecase: Any, config: Config, data: dict[str, Dataset], folder: Path) -> dict[str, Any]:
    checkpoint = folder / f"{config.train.seed}.pt"
    model = train_model(usecase, data["train"], data["validation"], config, checkpoint, lambda _: None)
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


def _judged(made: Any, inputs: Any, test: Dataset, config: Config) -> dict[str, float]:
    binning = geometry_of(config).binning
    parts = ((test.target, test.inputs["energy"][:, 0]), (made, inputs["energy"][:, 0]))
    features = [high_level(observables(showers, energy, binning), energy) for showers, energy in parts]
    return {"FPD": fpd(features[0], features[1], batches=5).value, "AUC": two_sample_auc(features[0], features[1], "trees").value}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
