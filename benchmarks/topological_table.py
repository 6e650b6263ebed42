"""What the table of the topological trigger keeps of what its trees without bins keep, over many rates at once.

    python benchmarks/topological_table.py RUN

RUN is the folder of `bartik run topological_trigger`. At one rate a cut is that of some tens of crossings, and the ratio as uncertain; the
mean efficiency over all rates is less so. Errors: both kinds of events are drawn anew together for both, 400 times, by Poisson weights.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from bartik.core import Array, BartikError, Dataset, UsageError
from bartik.core.files import read_arrays
from bartik.metrics import EventScores
from bartik.usecases.topological_trigger.score import by_class
from bartik.usecases.trigger_events import CROSSINGS
from bartik.usecases.trigger_rates import crossings_of, mode_of

RATES = np.array([30.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0])
"""kHz."""
_DRAWN = 400


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    run = parser.parse_args(arguments).run
    try:
        if not (run / "scores.npz").is_file():
            raise UsageError(f"{run}: no run of topological_trigger", hint="bartik run topological_trigger --out RUN")
        test, scores = Dataset.from_arrays(read_arrays(run / "data" / "test.npz")), read_arrays(run / "scores.npz")
        heads = [f"{rate:.0f} kHz" for rate in RATES]
        print(f"| bonsai over BDT, % | mean of all rates | {' | '.join(heads)} |\n|{'---|' * (2 + len(heads))}")
        held = test.spectators["held_out"] > 0
        for name, rows in (("all decays", np.ones(test.rows, bool)), ("held-out decays", held)):
            print(f"| {name} | {' | '.join(_ratios([by_class(scores[model], test) for model in ('bonsai', 'BDT')], rows, test))} |")
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _ratios(models: list[tuple[EventScores, EventScores]], rows: Array, test: Dataset) -> list[str]:
    """Of decays whose row is one of ``rows`` (a mask): ratio of the mean efficiencies, and at each rate, with errors."""
    rng, (crossings, decays) = np.random.default_rng(1), models[0]
    weights = [(np.ones(len(crossings.score)), np.ones(len(decays.score)))]
    weights += [(rng.poisson(1, len(crossings.score)), rng.poisson(1, len(decays.score))) for _ in range(_DRAWN)]
    found = np.array([_ratio([_kept(*model, *drawn, rows, test) for model in models]) for drawn in weights])
    return [f"{100 * value:.1f} ± {100 * error:.1f}" for value, error in zip(found[0], found[1:].std(axis=0), strict=True)]


def _ratio(kept: list[Array]) -> Array:
    return np.append(kept[0].mean() / kept[1].mean(), kept[0] / kept[1])


def _kept(crossings: EventScores, decays: EventScores, background: Array, signal: Array, rows: Array, test: Dataset) -> Array:
    """Mean over modes of the share kept at each of the `RATES`, events weighing ``background`` and ``signal``."""
    order = np.argsort(-crossings.score)
    passing = np.searchsorted(np.cumsum(background[order]), RATES / CROSSINGS * crossings_of(test) * (1 + 1e-9), side="right")
    cuts = crossings.score[order][np.maximum(passing, 1) - 1]
    mode, mine = mode_of(test, decays), rows[decays.row] * signal
    total = np.bincount(mode, mine)
    kept = np.array([np.bincount(mode, mine * (decays.score >= cut), len(total)) for cut in cuts])
    return np.asarray((kept[:, total > 0] / total[total > 0]).mean(axis=1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
