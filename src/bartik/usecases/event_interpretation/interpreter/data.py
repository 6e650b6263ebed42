"""Graphs of all tracks and vertices, and the truth of both: by track, as pairs and links follow from it."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Config, Dataset, Signature, Split
from bartik.usecases.event_interpretation.columns import (
    GENERATIONS,
    KEEP,
    LINK_TRACKS,
    LINK_VERTICES,
    ORIGIN,
    PAIRS,
    TRACKS,
    VERTICES,
)
from bartik.usecases.event_interpretation.event import Event
from bartik.usecases.event_interpretation.rows import dataset
from bartik.usecases.event_interpretation.sources import events_of
from bartik.usecases.event_interpretation.stages import whole_graph

signature = Signature((TRACKS, VERTICES, PAIRS, LINK_TRACKS, LINK_VERTICES), (KEEP, GENERATIONS, ORIGIN))
_TRACKS = 2**20
"""More than an event has; the factor between events in the numbers of clusters."""


def data(split: Split, config: Config) -> Dataset:
    """Graphs of the events of one split."""
    events, source = events_of(split, config)
    graphs = [whole_graph(event.tracks, event.vertices) for event in events]
    return dataset(signature, events, graphs, [target_of(event, place) for place, event in enumerate(events)], source)


def target_of(event: Event, place: int) -> Array:
    """Of each track int64 [tracks, 4]: its vertex among the event's, and its clusters of generation 1, 2 and any, 0 for none."""
    clusters = event.clusters[:, [0, 1, -1]]
    return np.concatenate([event.vertex[:, np.newaxis], np.where(clusters >= 0, place * _TRACKS + 1 + clusters, 0)], axis=1)
