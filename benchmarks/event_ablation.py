"""What each choice of the one network of `event_interpretation` gives: `event_ablation.py [--epochs N] [--generate N]`.

Trains it on the first half of the training events, for each choice the same, and judges it on the other half, with groups joined where the
validation events say; the test events are not touched. Printed: perfect decays of all and of two and three tracks, pairs looked at.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from torch import nn

from bartik.core import Arrays, Dataset, load_config
from bartik.core.plugins import load_part, load_usecase, usecase_folder
from bartik.metrics import efficiency
from bartik.metrics.decay_trees import PERFECT, Outcome
from bartik.train.loop import fit, run_model
from bartik.usecases.event_interpretation.decays import Found
from bartik.usecases.event_interpretation.event import Event
from bartik.usecases.event_interpretation.graph import MIDDLE, STRICT, candidate_pairs
from bartik.usecases.event_interpretation.interpreter.data import target_of
from bartik.usecases.event_interpretation.judged import best_join, interpreted
from bartik.usecases.event_interpretation.rows import dataset
from bartik.usecases.event_interpretation.sources import events_of
from bartik.usecases.event_interpretation.stages import whole_graph

Cuts = tuple[float, float, float]
CHOICES: dict[str, tuple[bool, Cuts]] = {
    "each pair counts the same, stricter pairs": (False, STRICT),
    "each track of a decay counts the same, stricter pairs": (True, STRICT),
    "each track of a decay counts the same, more pairs: the default": (True, MIDDLE),
}


def main(arguments: list[str]) -> int:
    """Print the table, a row when it is known."""
    options = _parser().parse_args(arguments)
    part = load_part(load_usecase("event_interpretation"), "interpreter")
    settings = [f"data.generate={options.generate}", f"train.epochs={options.epochs}", f"train.patience={options.epochs}"]
    events = {split: events_of(split, load_config(usecase_folder(part), settings=settings))[0] for split in ("train", "validation")}
    half = len(events["train"]) // 2
    print(f"{half} events train, {len(events['train']) - half} are judged\n")
    print("| | perfect | of two tracks | of three | pairs an event |", "|---|---|---|---|---|", sep="\n", flush=True)
    for name, (by_decay, cuts) in CHOICES.items():
        config = load_config(usecase_folder(part), settings=[*settings, f"train.by_decay={str(by_decay).lower()}"])
        sets = [_rows(part, some, cuts) for some in (events["train"][:half], events["validation"])]
        with TemporaryDirectory() as folder:
            model = fit(part, *sets, config, Path(folder) / "checkpoint.pt", lambda line: print(line, file=sys.stderr))
        print(f"| {name} | {_judged(part, model, cuts, events['train'][half:], events['validation'])} |", flush=True)
    return 0


def _graph(event: Event, cuts: Cuts) -> Arrays:
    return whole_graph(event.tracks, event.vertices) | {"pairs": candidate_pairs(event.tracks, cuts)}


def _rows(part: Any, events: Sequence[Event], cuts: Cuts) -> Dataset:
    targets = [target_of(event, place) for place, event in enumerate(events)]
    return dataset(part.signature, events, [_graph(event, cuts) for event in events], targets, "")


def _judged(part: Any, model: nn.Module, cuts: Cuts, events: Sequence[Event], validation: Sequence[Event]) -> str:
    """Cells of a row."""

    def interpret(tracks: Any, vertices: Any) -> Found:
        graph = whole_graph(tracks, vertices) | {"pairs": candidate_pairs(tracks, cuts)}
        found = run_model(model, part.signature, graph)
        return Found(found["keep"][:, 0], graph["pairs"], found["generations"])

    test = interpreted(interpret, events)
    every = test.outcomes(best_join(interpreted(interpret, validation)))
    shares = [_share(every, wanted) for wanted in (lambda _: True, lambda tracks: tracks == 2, lambda tracks: tracks == 3)]
    return " | ".join([*shares, f"{np.mean([len(found.pairs) for found in test.found]):.0f}"])


def _share(every: Sequence[Sequence[Outcome]], wanted: Callable[[int], bool]) -> str:
    some = [(outcome.category == PERFECT, place) for place, event in enumerate(every) for outcome in event if wanted(outcome.tracks)]
    perfect, place = np.array(some).T
    share = efficiency(perfect > 0, clusters=place)
    return f"{100 * share.value:.1f} ± {50 * (share.high - share.low):.1f}%"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5, metavar="N")
    parser.add_argument("--generate", type=int, default=9600, metavar="N", help="events of the toy")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
