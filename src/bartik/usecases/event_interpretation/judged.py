"""How well events were interpreted: what became of each true decay, how much of an event can be left out, and at what cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bartik.core import Array, Interval
from bartik.metrics import auc, bootstrap, efficiency
from bartik.metrics.decay_trees import CATEGORIES, PERFECT, Groups, Outcome, outcomes, roots
from bartik.usecases.event_interpretation.classifier import at_threshold, threshold_for
from bartik.usecases.event_interpretation.decays import Found
from bartik.usecases.event_interpretation.event import Event

Interpret = Callable[[Array, Array], Found]
KEPT = 0.99
"""Share of the tracks of b decays that a smaller event is to have."""
JOINS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Least mean probabilities to join two groups, among which the best for the validation events is chosen."""


@dataclass(frozen=True)
class Interpreted:
    """Events, what was found in each, and the seconds it took."""

    events: Sequence[Event]
    found: Sequence[Found]
    seconds: Array

    def outcomes(self, join: float) -> list[list[Outcome]]:
        """Of each event's true decays."""
        return [outcomes(event.decays, found.decays(join)) for event, found in zip(self.events, self.found, strict=True)]


def interpreted(interpret: Interpret, events: Sequence[Event]) -> Interpreted:
    """All events, one after the other."""
    found, seconds = [], []
    for event in events:
        started = time.perf_counter()
        found.append(interpret(event.tracks, event.vertices))
        seconds.append(time.perf_counter() - started)
    return Interpreted(events, found, np.array(seconds))


def perfect_share(judged: Interpreted, join: float) -> float:
    """Share of true decays that are perfect."""
    every = [outcome.category == PERFECT for event in judged.outcomes(join) for outcome in event]
    return float(np.mean(every))


def best_join(validation: Interpreted) -> float:
    """The least mean probability with the most perfect decays, the highest of several."""
    return max(reversed(JOINS), key=lambda join: perfect_share(validation, join))


def metrics(validation: Interpreted, test: Interpreted, join: float) -> dict[str, Interval]:
    """Metrics of the ``test`` events, with the cuts that the ``validation`` events gave."""
    found = categories(test, test.outcomes(join))
    keep, signal, events = _tracks(test)
    kept, dropped = at_threshold(keep, signal, events, threshold_for(*_tracks(validation)[:2], KEPT))
    found |= {"tracks dropped": dropped, "b tracks kept": kept, "AUC of tracks": auc(keep[signal], keep[~signal])}
    found["right vertex of b tracks"] = _right_vertex(test)
    return found | _by_event(test, join)


def categories(test: Interpreted, judged: list[list[Outcome]]) -> dict[str, Interval]:
    """Share of the true decays in each category."""
    category = np.array([outcome.category for event in judged for outcome in event])
    number = np.repeat([event.number for event in test.events], [len(event) for event in judged])
    return {name: efficiency(category == place, clusters=number) for place, name in enumerate(CATEGORIES)}


def reduction_curve(test: Interpreted) -> Array:
    """Share of tracks dropped against share of b tracks kept [points, 2]."""
    keep, signal, _ = _tracks(test)
    wanted = 1 - np.geomspace(0.002, 0.5, 40)
    thresholds = [threshold_for(keep, signal, share) for share in wanted]
    return np.array([[(keep[signal] >= cut).mean(), (keep < cut).mean()] for cut in thresholds])


def perfect_by_tracks(judged: list[list[Outcome]]) -> Array:
    """Share of perfect decays by their number of tracks: low and high edge, value, low and high end [bins, 5]."""
    rows = np.array([[outcome.tracks, outcome.category == PERFECT] for event in judged for outcome in event])
    edges, found = (1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 9.5), []
    for low, high in pairwise(edges):
        inside = (rows[:, 0] > low) & (rows[:, 0] < high)
        if inside.any():
            share = efficiency(rows[inside, 1] > 0)
            found.append([low, high, share.value, share.low, share.high])
    return np.array(found).reshape(-1, 5)


def false_decays(true: Groups, found: Groups) -> int:
    """Decays found that share no two tracks with a true one."""
    return sum(all(len(decay & other) < 2 for other in roots(true)) for decay in roots(found))


def _tracks(judged: Interpreted) -> tuple[Array, Array, Array]:
    """Of all tracks: how likely each is of a b decay, whether it is, and the event's number."""
    keep = np.concatenate([found.keep for found in judged.found]).astype(np.float64)
    signal = np.concatenate([event.signal for event in judged.events])
    return keep, signal, np.repeat([event.number for event in judged.events], [len(event) for event in judged.events])


def _right_vertex(test: Interpreted) -> Interval:
    right, number = [], []
    for event, found in zip(test.events, test.found, strict=True):
        some = event.signal & (event.vertex >= 0)
        right.append((found.vertex_of(event.tracks, event.vertices) == event.vertex)[some])
        number.append(np.full(int(some.sum()), event.number))
    return efficiency(np.concatenate(right), clusters=np.concatenate(number))


def _by_event(test: Interpreted, join: float) -> dict[str, Interval]:
    false = [float(false_decays(event.decays, found.decays(join))) for event, found in zip(test.events, test.found, strict=True)]
    values = {"false decays an event": np.array(false), "ms/event": 1000 * test.seconds}
    rows = np.arange(len(test.events))
    return {name: _mean(column, rows) for name, column in values.items()}


def _mean(column: Array, rows: Array) -> Interval:
    return bootstrap(lambda drawn: float(drawn @ column / drawn.sum()), rows)
