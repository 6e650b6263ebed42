"""What the topological trigger's background is made of, before and after the veto on vertices in material, and what of it is given on.

    python benchmarks/topological_backgrounds.py RUN [--decays 100]

RUN is the folder of `bartik run topological_trigger`. Its test crossings are made anew, as many decays of each mode beside them, and their
candidates selected with and without the veto. The table of the run, which was trained with the veto, scores both at its own cut.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Array, Arrays, BartikError, Config, UsageError
from bartik.core.bundle import Bundle, open_bundle
from bartik.usecases.topological_trigger.backgrounds import SOURCES
from bartik.usecases.topological_trigger.columns import COLUMNS
from bartik.usecases.topological_trigger.data import candidates
from bartik.usecases.topological_trigger.score import RATES
from bartik.usecases.trigger_events import BEAUTY, CROSSINGS, ORIGINS, events_of

_NAMES = ("everywhere", "with the veto")


def main(arguments: list[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--decays", type=int, default=100)
    options = parser.parse_args(arguments)
    try:
        if not (options.run / "bundle").is_dir():
            raise UsageError(f"{options.run}: no run of topological_trigger", hint="bartik run topological_trigger --out RUN")
        bundle = open_bundle(options.run / "bundle")
        config = Config(bundle.provenance["configuration"]).replace({"data": {"signal": {"test": options.decays}}})
        _backgrounds(bundle, config)
        _decays(bundle, config)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _rows(bundle: Bundle, config: Config, modes: tuple[str, ...]) -> Arrays:
    """Candidates of test crossings, or of decays of the ``modes``, everywhere, and whether each passes."""
    blocks = (block for block in events_of("test", config, modes, material=True) if (block.mode >= 0) == bool(modes))
    parts = [candidates(block, beauty=True, veto=0.0) for block in blocks]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    features = np.stack([rows[column.name] for column in COLUMNS], axis=1).astype(np.float32)
    score = prepare(bundle, "native").run({"features": features})["score"][:, 0]
    return rows | {"passes": score >= bundle.working_points[f"{RATES[0]:.0f} kHz of background"]}


def _backgrounds(bundle: Bundle, config: Config) -> None:
    rows = _rows(bundle, config, ())
    inside = rows["across"] < config.data.veto
    heads = [f"{what}, {name}" for what in ("candidates", "crossings with one [kHz]", "with one that passes [kHz]") for name in _NAMES]
    print("| background | " + " | ".join(heads) + " |\n|" + "---|" * (1 + len(heads)))
    every = np.ones(len(inside), bool)
    for source in (*SOURCES, "all"):
        mine = rows["origin"] == ORIGINS.index(source) if source != "all" else rows["origin"] != ORIGINS.index("beauty")
        counts = [str(int((mine & kept).sum())) for kept in (every, inside)]
        rates = [_rate(rows["event"][mine & kept], config) for kept in (every, inside)]
        given = [_rate(rows["event"][mine & kept & rows["passes"]], config) for kept in (every, inside)]
        print(f"| {source} | {' | '.join((*counts, *rates, *given))} |")


def _decays(bundle: Bundle, config: Config) -> None:
    rows = _rows(bundle, config.replace({"data": {"crossings": {"test": 1}}}), BEAUTY)
    inside = rows["across"] < config.data.veto
    found = [len(np.unique(rows["event"][kept])) for kept in (np.ones(len(inside), bool), inside)]
    passed = [len(np.unique(rows["event"][kept & rows["passes"]])) for kept in (np.ones(len(inside), bool), inside)]
    told = [f"{passes} of {count} {name}" for passes, count, name in zip(passed, found, _NAMES, strict=True)]
    print(f"\ndecays with a candidate that passes: {', '.join(told)}")


def _rate(events: Array, config: Config) -> str:
    """Crossings with one of the candidates of these ``events`` [candidates], in kHz of all."""
    count = len(np.unique(events))
    each = CROSSINGS / config.data.crossings.test
    return f"{count * each:.0f} ± {max(count, 1) ** 0.5 * each:.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
