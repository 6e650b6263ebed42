"""What flat efficiencies cost: the network of all species, trained with and without a weight on the spread over momentum.

    python benchmarks/particle_identification_flatness.py [--flatness 0 10] [--tracks 50000] [--epochs 12]

The spread is the standard deviation of the efficiency over bins of the momentum, at the cut that keeps 85% of a species; its mean over the
six species, and that of kaons. Errors are standard deviations over ten parts of the test tracks, divided by √10.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from bartik.core import Array, BartikError, Config, Dataset, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.metrics import threshold_at_efficiency
from bartik.simulation.identification import SPECIES
from bartik.train import fit, run_model
from bartik.usecases.particle_identification.columns import NAMES
from bartik.usecases.particle_identification.score import score

_EDGES = (10.0, 15.0, 25.0, 40.0)
"""GeV: as in the loss."""
_KEPT, _PARTS = 0.85, 10


def main(arguments: list[str]) -> int:
    """Train, and print the table."""
    options = _parser().parse_args(arguments)
    usecase = load_usecase("particle_identification.multiclass")
    try:
        print("| `model.flatness` | mean AUC | spread over momentum, mean of all species | of kaons |\n|---|---|---|---|", flush=True)
        for flatness in options.flatness:
            settings = (f"model.flatness={flatness}", f"data.tracks={options.tracks}", f"train.epochs={options.epochs}")
            answers, test = _trained(load_config(usecase_folder(usecase), settings=settings))
            area = score({"score": answers}, test)["mean AUC"]
            every, kaons = (f"{value:.4f} ± {error:.4f}" for value, error in _spreads(answers, test))
            print(f"| {flatness:g} | {area.value:.4f} ± {(area.high - area.low) / 2:.4f} | {every} | {kaons} |", flush=True)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _trained(config: Config) -> tuple[Array, Dataset]:
    """Answers [tracks, 6] of a network on the test tracks, and those."""
    usecase = load_usecase("particle_identification.multiclass")
    rows = {split: usecase.data(split, config) for split in ("train", "validation", "test")}
    with tempfile.TemporaryDirectory() as folder:
        network = fit(usecase, rows["train"], rows["validation"], config, Path(folder) / "checkpoint.pt", lambda _: None)
    return run_model(network, usecase.signature, rows["test"].inputs)["score"], rows["test"]


def _spreads(answers: Array, test: Dataset) -> list[tuple[float, float]]:
    """Mean over species and that of kaons, each with its error."""
    found = np.array([_spread(answers, test, place) for place in range(len(SPECIES))])
    kaons, error = found[SPECIES.index("K")]
    return [(float(found[:, 0].mean()), float(np.sqrt((found[:, 1] ** 2).sum()) / len(SPECIES))), (float(kaons), float(error))]


def _spread(answers: Array, test: Dataset, place: int) -> tuple[float, float]:
    """Of one species: the deviation over bins of momentum, and its error."""
    mine = np.flatnonzero(test.spectators["species"] == place)
    passed = answers[mine, place] >= threshold_at_efficiency(answers[mine, place], _KEPT)
    which = np.digitize(test.inputs["features"][mine, NAMES.index("p")], _EDGES)
    parts = [_deviation(passed[part], which[part]) for part in np.array_split(np.arange(len(mine)), _PARTS)]
    return _deviation(passed, which), float(np.std(parts, ddof=1) / np.sqrt(_PARTS))


def _deviation(passed: Array, which: Array) -> float:
    return float(np.std([passed[which == k].mean() for k in np.unique(which)]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flatness", type=float, nargs="+", default=[0.0, 10.0])
    parser.add_argument("--tracks", type=int, default=50_000)
    parser.add_argument("--epochs", type=int, default=12)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
