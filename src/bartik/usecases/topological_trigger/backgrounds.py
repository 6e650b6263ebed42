"""What the background is made of, and what of it is given on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bartik.core import Array, Dataset, Interval
from bartik.metrics import efficiency, event_scores
from bartik.usecases.topological_trigger.score import background_rows, by_class
from bartik.usecases.trigger_events import ORIGINS
from bartik.usecases.trigger_rates import cut_at

SOURCES = tuple(name for name in ORIGINS if name != "beauty")


class Background(NamedTuple):
    """Of one source: candidates, crossings with one, and crossings that are given on and whose best candidate is from it."""

    candidates: int
    crossings: int
    kept: int


def by_source(scores: Array, data: Dataset, rate: float) -> dict[str, Background]:
    """What each of the `SOURCES` gives where the ``scores`` [rows] give on ``rate`` kHz of background."""
    crossings, _ = by_class(scores, data)
    origin, event = data.spectators["origin"], data.spectators["event"]
    best = origin[crossings.row[crossings.score >= cut_at(rate, crossings, data)]]
    found = {}
    for name in SOURCES:
        mine = background_rows(data) & (origin == ORIGINS.index(name))
        found[name] = Background(int(mine.sum()), len(np.unique(event[mine])), int((best == ORIGINS.index(name)).sum()))
    return found


def kept_of_sources(scores: Mapping[str, Array], cuts: Mapping[str, float], data: Dataset) -> dict[str, list[Interval | None]]:
    """Of each classifier: of the crossings with a candidate from each of the `SOURCES` the share in which one passes its cut."""
    found: dict[str, list[Interval | None]] = {}
    for name, values in scores.items():
        found[name] = []
        for source in SOURCES:
            mine = background_rows(data) & (data.spectators["origin"] == ORIGINS.index(source))
            best = event_scores(values.reshape(-1)[mine], data.spectators["event"][mine]).score if mine.any() else None
            found[name].append(None if best is None else efficiency(best >= cuts[name]))
    return found
