"""Which part of event interpretation loses how many decays: `event_parts.py RUN [--other BUNDLE ...] [--set KEY=VALUE ...]`.

RUN is the folder of `bartik run event_interpretation`. On its test events, for the one network, the three stages, and every ``--other``
bundle of `event_interpretation.interpreter` (trained in another way, say): perfect decays as they are and by their number of tracks, and
where the truth takes the place of a part: which tracks are of a b decay; which pairs are of one decay; of which generation these are.
Where groups are joined is chosen anew on the validation events each time. Then, of the pairs that both look at, how well they are told.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bartik.core import Array, BartikError, Interval, UsageError, load_config
from bartik.core.files import read_json
from bartik.core.plugins import usecase_folder
from bartik.metrics import auc, efficiency
from bartik.metrics.decay_trees import PERFECT
from bartik.usecases import event_interpretation
from bartik.usecases.event_interpretation.columns import CLASSES
from bartik.usecases.event_interpretation.decays import Found
from bartik.usecases.event_interpretation.event import Event, generations
from bartik.usecases.event_interpretation.graph import candidate_pairs
from bartik.usecases.event_interpretation.judged import Interpret, Interpreted, best_join, interpreted
from bartik.usecases.event_interpretation.sources import events_of
from bartik.usecases.event_interpretation.stages import OneNetwork, Stage, ThreeStages

PARTS = (("as found",), ("tracks",), ("pairs",), ("generations",), ("tracks", "generations"), ("pairs", "generations"))
SIZES = (2, 3, 4, 5, 6)


def main(arguments: list[str]) -> int:
    """Print the tables."""
    options = _parser().parse_args(arguments)
    try:
        ways, settings = _ways(options.run, options.other)
        config = load_config(usecase_folder(event_interpretation), settings=[*settings, *options.set])
        events = (events_of("validation", config)[0], events_of("test", config)[0])
        found = {name: tuple(interpreted(way, some) for some in events) for name, way in ways.items()}
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(_perfect(found), _sizes(found), _pairs({name: test for name, (_, test) in found.items()}), sep="\n\n")
    return 0


def _ways(run: Path, others: Sequence[Path]) -> tuple[dict[str, Interpret], list[str]]:
    """What interprets, by name, and the data of the run."""
    bundles = {part: run / part / "bundle" for part in event_interpretation.parts}
    if not all(path.is_dir() for path in bundles.values()):
        raise UsageError(f"{run}: no run of event_interpretation here", hint="bartik run event_interpretation --out RUN")
    data = read_json(bundles["interpreter"] / "bundle.json")["provenance"]["configuration"]["data"]
    ways: dict[str, Interpret] = {"one network": OneNetwork(Stage.of(bundles["interpreter"], "onnxruntime"))}
    ways["three stages"] = ThreeStages.of(bundles, "onnxruntime")
    ways |= {str(path): OneNetwork(Stage.of(path, "onnxruntime")) for path in others}
    return ways, [f"data.{key}={value}" for key, value in data.items() if value != ""]


def with_truth(found: Found, event: Event, parts: Sequence[str]) -> Found:
    """What was found of an event, with some ``parts`` of it from the truth."""
    likely, true = 1.0 - found.generations[:, 0].astype(np.float64), generations(event.clusters, *found.pairs.T)
    shares = found.generations[:, 1:] / np.maximum(likely, 1e-12)[:, np.newaxis]
    if "pairs" in parts:
        likely = (true > 0).astype(float)
    if "tracks" in parts:
        likely = likely * event.signal[found.pairs].all(axis=1)
    if "generations" in parts:
        shares = np.where((true > 0)[:, np.newaxis], np.eye(CLASSES)[true][:, 1:], shares)
    return replace(found, generations=np.column_stack([1 - likely, shares * likely[:, np.newaxis]]))


def _perfect(found: Mapping[str, tuple[Interpreted, ...]]) -> str:
    """With the truth of some parts."""

    def share(way: tuple[Interpreted, ...], parts: Sequence[str]) -> Interval:
        validation, test = (_changed(some, parts) for some in way)
        return _share(test, best_join(validation), lambda _: True)

    return _table(
        "perfect, with the truth of", [(" and ".join(parts), [share(way, parts) for way in found.values()]) for parts in PARTS], found
    )


def _sizes(found: Mapping[str, tuple[Interpreted, ...]]) -> str:
    """By the number of tracks of a decay."""
    joins = {name: best_join(validation) for name, (validation, _) in found.items()}
    rows = [(str(size), [_share(found[name][1], joins[name], size.__eq__) for name in found]) for size in SIZES]
    return _table("perfect, by tracks of the decay", rows, found)


def _pairs(found: Mapping[str, Interpreted]) -> str:
    """Whether pairs of the default cuts are of one decay; and the generation of those of one decay that all look at."""
    told = {name: [np.concatenate(part) for part in zip(*map(_told, test.events, test.found), strict=True)] for name, test in found.items()}
    known, rows = np.all([right >= 0 for _, _, right in told.values()], axis=0), []
    for name, (likely, true, right) in told.items():
        same = true > 0
        rows.append((name, [auc(likely[same], likely[~same]), efficiency(right[same & known] > 0)]))
    return _table("pairs", rows, ("AUC", "right generation"))


def _told(event: Event, found: Found) -> tuple[Array, Array, Array]:
    """Of the default pairs: probability to be of one decay, true generation, whether the likeliest one is right, -1 where unknown."""
    pairs, count = candidate_pairs(event.tracks), len(event)
    likely, told = np.zeros((count, count)), np.full((count, count), -1)
    likely[tuple(found.pairs.T)], told[tuple(found.pairs.T)] = 1 - found.generations[:, 0], 1 + found.generations[:, 1:].argmax(axis=1)
    true = generations(event.clusters, *pairs.T)
    return likely[tuple(pairs.T)], true, np.where(told[tuple(pairs.T)] < 0, -1, told[tuple(pairs.T)] == true)


def _changed(some: Interpreted, parts: Sequence[str]) -> Interpreted:
    return replace(some, found=[with_truth(one, event, parts) for one, event in zip(some.found, some.events, strict=True)])


def _share(test: Interpreted, join: float, wanted: Callable[[int], bool]) -> Interval:
    every = test.outcomes(join)
    number = np.repeat(np.arange(len(every)), [len(event) for event in every])
    some = np.array([wanted(outcome.tracks) for event in every for outcome in event])
    perfect = np.array([outcome.category == PERFECT for event in every for outcome in event])
    return efficiency(perfect[some], clusters=number[some])


def _table(first: str, rows: Sequence[tuple[str, Sequence[Interval]]], names: Sequence[str] | Mapping[str, object]) -> str:
    lines = [f"| {first} | {' | '.join(names)} |", "|---" * (1 + len(names)) + "|"]
    cells = [[name, *(f"{100 * one.value:.1f} ± {50 * (one.high - one.low):.1f}%" for one in values)] for name, values in rows]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in cells)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--other", type=Path, nargs="*", default=[], metavar="BUNDLE", help="other bundles of the one network")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the configuration")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
