"""What the topological trigger's background is made of, before and after the veto on vertices in material, and what of it is given on.

    bartik run topological_trigger --out runs/topological
    bartik run topological_trigger --set data.veto=0 --out runs/topological_everywhere
    python benchmarks/topological_backgrounds.py runs/topological runs/topological_everywhere

Both tests have the same crossings and decays.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from bartik.core import Array, BartikError, Dataset, UsageError
from bartik.core.files import read_arrays, read_json
from bartik.usecases.topological_trigger.backgrounds import SOURCES, by_source
from bartik.usecases.topological_trigger.score import RATES, by_class
from bartik.usecases.trigger_events import CROSSINGS
from bartik.usecases.trigger_rates import crossings_of

_NAMES = ("with the veto", "without")


def main(arguments: list[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs=2, metavar="RUN")
    try:
        runs = {name: _read(run) for name, run in zip(_NAMES, parser.parse_args(arguments).runs, strict=True)}
        _sources(runs)
        _signal(runs)
        _metrics({name: run[2] for name, run in runs.items()})
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _read(run: Path) -> tuple[Array, Dataset, dict[str, dict[str, float]]]:
    """Scores of the test rows, these rows, and metrics of the table."""
    if not (run / "scores.npz").is_file():
        raise UsageError(f"{run}: no run of topological_trigger", hint="bartik run topological_trigger --out RUN")
    data = Dataset.from_arrays(read_arrays(run / "data" / "test.npz"))
    return read_arrays(run / "scores.npz")["bonsai"].reshape(-1), data, read_json(run / "metrics.json")["models"]["bonsai"]


def _sources(runs: dict[str, tuple[Array, Dataset, dict[str, dict[str, float]]]]) -> None:
    found = {name: by_source(scores, data, RATES[0]) for name, (scores, data, _) in runs.items()}
    khz = {name: CROSSINGS / crossings_of(data) for name, (_, data, _) in runs.items()}
    heads = [f"{what}, {name}" for what in ("candidates", "crossings with one [kHz]", f"of {RATES[0]:.0f} kHz") for name in _NAMES]
    print("| background | " + " | ".join(heads) + " |\n|" + "---|" * (1 + len(heads)))
    for source in SOURCES:
        rows = [found[name][source] for name in _NAMES]
        cells = [str(row.candidates) for row in rows]
        cells += [f"{row.crossings * khz[name]:.0f}" for row, name in zip(rows, _NAMES, strict=True)]
        cells += [f"{row.kept * khz[name]:.0f} ± {max(row.kept, 1) ** 0.5 * khz[name]:.0f}" for row, name in zip(rows, _NAMES, strict=True)]
        print(f"| {source} | {' | '.join(cells)} |")


def _signal(runs: dict[str, tuple[Array, Dataset, dict[str, dict[str, float]]]]) -> None:
    counts = {name: len(by_class(scores, data)[1].score) for name, (scores, data, _) in runs.items()}
    far = {name: float(np.mean(data.spectators["across"][data.target > 0.5] > 4)) for name, (_, data, _) in runs.items()}
    print(f"\ndecays with a candidate: {', '.join(f'{count} {name}' for name, count in counts.items())}", end="; ")
    print(f"signal candidates further than 4 mm from the beam, {_NAMES[1]}: {far[_NAMES[1]]:.1%}\n")


def _metrics(runs: dict[str, dict[str, dict[str, float]]]) -> None:
    names = list(runs[_NAMES[0]])
    print("| the table | " + " | ".join(names) + " |\n|" + "---|" * (1 + len(names)))
    for name, metrics in runs.items():
        cells = [f"{metrics[key]['value']:.4f} ± {(metrics[key]['high'] - metrics[key]['low']) / 2:.4f}" for key in names]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
