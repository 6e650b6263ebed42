"""What a selection of the trigger keeps at a rate: crossings and decays from the scores of their candidates, and cuts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bartik import plots
from bartik.core import Array, Dataset, Interval
from bartik.metrics import EventScores, efficiency, event_scores, roc_curve, threshold_at_share
from bartik.usecases.trigger_events import CROSSINGS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Events = Mapping[str, tuple[EventScores, EventScores]]
"""Of each classifier crossings and decays, as `events_by_class` gives them."""
Point = tuple[float, Interval, Interval]
_POINTS = 300


def events_by_class(scores: Array, data: Dataset, background: Array | None = None) -> tuple[EventScores, EventScores]:
    """Highest scores of crossings, and of decays; ``row`` counts rows of ``data``.

    ``background`` is a mask of rows that count for a crossing; without one all that are no signal do.
    """
    values, event = np.asarray(scores, np.float64).reshape(-1), data.spectators["event"]
    times = event_scores(values, event, data.spectators["candidates"])
    parts = []
    for mask in (data.target < 0.5 if background is None else background, data.target > 0.5):
        rows = np.flatnonzero(mask)
        found = event_scores(values[rows], event[rows])
        drawn = times.times[np.searchsorted(times.number, found.number)]
        parts.append(EventScores(found.score, found.number, rows[found.row], drawn))
    return parts[0], parts[1]


def mode_of(data: Dataset, decays: EventScores) -> Array:
    """Place in `bartik.usecases.trigger_events.MODES` [events] of each decay."""
    return data.spectators["mode"][decays.row]


def crossings_of(data: Dataset) -> float:
    """Crossings of the split, with a candidate or not."""
    return float(data.spectators["crossings"][0])


def cut_at(rate: float, crossings: EventScores, data: Dataset) -> float:
    """The lowest cut at which no more than ``rate`` kHz of the crossings of ``data`` pass."""
    return threshold_at_share(crossings.score, rate / CROSSINGS, crossings_of(data), crossings.times)


def working_points_at(
    rates: Mapping[str, float], chosen: EventScores, validation: Dataset, found: tuple[EventScores, EventScores], test: Dataset
) -> dict[str, Point]:
    """Cuts at these ``rates`` in kHz, by name: threshold, share of decays kept, share of crossings not kept.

    Thresholds are of the crossings ``chosen`` of the validation split, shares of those, and of the decays, ``found`` in the test split.
    """
    crossings, decays = found
    points = {}
    for name, rate in rates.items():
        cut = cut_at(rate, chosen, validation)
        passed = np.zeros(int(crossings_of(test)), bool)
        passed[: int((crossings.score >= cut).sum())] = True
        share, kept = efficiency(passed), efficiency(decays.score >= cut, decays.times)
        points[name] = (cut, kept, Interval(1 - share.value, 1 - share.high, 1 - share.low))
    return points


def roc_of_candidates(scores: Mapping[str, Array], true: Array, background: Array, name: str) -> Figure:
    """ROC of candidates: rows that are ``true`` against those of the ``background``, which the axis calls ``name``."""
    curves = {model: roc_curve(values.reshape(-1)[true], values.reshape(-1)[background]) for model, values in scores.items()}
    pairs = {model: (curve.signal_efficiency, curve.background_rejection) for model, curve in curves.items()}
    return plots.roc(pairs, signal="candidate", background=name, from_efficiency=0.2)


def kept_against_rate(events: Events, data: Dataset, at: tuple[float, ...], least: float) -> Figure:
    """Share of decays kept against the rate in kHz, from ``least`` on, below which too few crossings pass to say."""
    curves = {}
    for name, (crossings, decays) in events.items():
        falling, kept = np.sort(crossings.score)[::-1], np.sort(decays.score)
        rank = np.unique(np.geomspace(1, len(falling), _POINTS).astype(int)) - 1
        above = 1 - np.searchsorted(kept, falling[rank], side="left") / len(kept)
        curves[name] = ((rank + 1) / crossings_of(data) * CROSSINGS, above)
    return plots.efficiency_against_rate(curves, at=at, least=least)
