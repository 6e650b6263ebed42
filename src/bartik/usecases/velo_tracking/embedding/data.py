"""Hits of events, and which particle made each."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Config, Dataset, Signature, Split, TensorSpec
from bartik.core.ragged import put_together
from bartik.data.velo import VeloEvent
from bartik.usecases.velo_events import SplitEvents
from bartik.usecases.velo_tracking.columns import DIMENSIONS, HITS, PARTICLES
from bartik.usecases.velo_tracking.graph import positions

signature = Signature((HITS,), (TensorSpec("place", "float32", ("hits", DIMENSIONS)),))


def data(split: Split, config: Config) -> Dataset:
    """Hits of the events of one split; the target of a hit is its particle, from 1 (0: none), and so many million more for each event."""
    found = SplitEvents(split, config)
    events = list(found)
    inputs, offsets = put_together(signature, [{"hits": positions(event)} for event in events])
    owner = np.concatenate([place * PARTICLES + 1 + owners(event) for place, event in enumerate(events)])
    numbers = np.repeat([event.number for event in events], [len(event) for event in events])
    return Dataset(inputs, owner, spectators={"event": numbers}, source=str(found), offsets=dict(offsets))


def owners(event: VeloEvent) -> Array:
    """A particle of each hit [hits], that with the highest number where there are several; -1 for noise."""
    assert event.truth is not None  # noqa: S101 - events are read with truth
    owner = np.full(len(event), -1, np.int64)
    owner[event.truth.hits] = np.repeat(np.arange(len(event.truth)), np.diff(event.truth.offsets))
    return owner
