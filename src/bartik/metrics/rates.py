"""Selections at a wanted output rate: an event passes where one of its candidates does.

A share is of all crossings, also of those without a candidate: 660 kHz of 30 MHz is 0.022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Interval, UsageError
from bartik.metrics.arrays import Floats, flat, weights_like
from bartik.metrics.resampling import bootstrap

_ROUNDING = 1e-9


@dataclass(frozen=True)
class EventScores:
    """The highest score of each event [events], its number, the row of that score, and how often the event is there."""

    score: Floats
    number: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    times: Floats

    def chosen(self, rows: Array) -> EventScores:
        """Some of the events: numbers or a mask."""
        return EventScores(self.score[rows], self.number[rows], self.row[rows], self.times[rows])


def event_scores(scores: Array, events: Array, candidates: Array | None = None) -> EventScores:
    """Candidates [rows] to events. ``candidates`` [rows] is how many the row's event has: where rows were drawn anew, it tells how often.

    >>> event_scores(np.array([0.2, 0.9, 0.4]), np.array([7, 7, 8])).score.tolist()
    [0.9, 0.4]
    """
    values = flat("scores", scores)
    if np.size(events) != values.size:
        raise UsageError(f"event scores: {values.size} rows of scores, {np.size(events)} event numbers")
    order = np.lexsort((-values, events))
    number, first, counts = np.unique(np.asarray(events)[order], return_index=True, return_counts=True)
    row = order[first]
    times = np.ones(len(row)) if candidates is None else counts / np.asarray(candidates, np.float64)[row]
    return EventScores(values[row], number, row, times)


def threshold_at_share(scores: Array, share: float, crossings: float, times: Array | None = None) -> float:
    """The lowest threshold at which no more than ``share`` of the ``crossings`` pass; ``scores`` [events] of those with a candidate.

    Where fewer have one than may pass it is the lowest score.

    >>> threshold_at_share(np.array([0.1, 0.5, 0.7, 0.9]), 0.02, 100)
    0.7
    """
    values = flat("event scores", scores)
    weights = weights_like("times", values.size, times)
    if not 0 < share <= 1 or not crossings > 0:
        raise UsageError(f"threshold at a share of {share} of {crossings} crossings: wanted a share above 0 and at most 1, and crossings")
    order = np.argsort(-values, kind="stable")
    return _reached(values[order], np.cumsum(weights[order]), share * crossings)


def efficiency_at_share(
    signal: EventScores, background: EventScores, share: float, crossings: float, *, replicas: int = 400, seed: int = 0
) -> Interval:
    """Share of signal events above the threshold that lets ``share`` of the crossings pass; the interval has that threshold's error too."""
    size = signal.score.size
    if not size or not background.score.size:
        raise UsageError("efficiency at a rate: no event of signal, or of background, has a candidate", hint="use more events")
    order = np.argsort(-background.score, kind="stable")
    falling = background.score[order]

    def efficiency(drawn: Floats) -> float:
        passing = np.cumsum((drawn[size:] * background.times)[order])
        threshold = _reached(falling, passing, share * crossings)
        weights = drawn[:size] * signal.times
        return float(weights[signal.score >= threshold].sum() / weights.sum()) if weights.any() else float("nan")

    return bootstrap(efficiency, np.arange(size + background.score.size), replicas=replicas, seed=seed)


def _reached(falling: Floats, passing: Floats, wanted: float) -> float:
    """The lowest of the ``falling`` scores with no more than ``wanted`` events at or above; just above the highest where that has more."""
    last = int(np.searchsorted(passing, wanted * (1 + _ROUNDING), side="right"))
    if last == 0:
        return float(np.nextafter(falling[0], np.inf))
    if last < falling.size and falling[last] == falling[last - 1]:
        last = int(np.searchsorted(-falling, -falling[last], side="left"))
        return float(np.nextafter(falling[last], np.inf)) if last == 0 else float(falling[last - 1])
    return float(falling[last - 1])
