"""Events as rows of a dataset: inputs one behind the other, targets, and the true vertices beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, Config, Dataset, Signature, Split
from bartik.core.ragged import put_together
from bartik.data.vertex_event import VertexEvent
from bartik.usecases.vertex_finding.columns import BEAM, EVENT, TRACKS
from bartik.usecases.vertex_finding.density import density
from bartik.usecases.vertex_finding.events import events_of, said
from bartik.usecases.vertex_finding.targets import FEWEST, histogram

_MOST_TRUE = 64
_INPUTS = Signature((TRACKS, EVENT, BEAM), ())
Rows = Callable[[Sequence[VertexEvent], Config], Array]


def inputs_of(events: Sequence[VertexEvent]) -> tuple[Arrays, Arrays]:
    """Tracks, their events and the beam lines, and offsets of the axes."""
    singles: list[Arrays] = [
        {"tracks": event.tracks, "event": np.zeros(len(event), np.int64), "beam": event.beam[np.newaxis]} for event in events
    ]
    inputs, offsets = put_together(_INPUTS, singles)
    return inputs, dict(offsets)


def tracks_data(split: Split, config: Config, target: Rows) -> Dataset:
    """Events of one split with tracks as inputs."""
    events = events_of(split, config)
    inputs, offsets = inputs_of(events)
    return Dataset(inputs, target(events, config), spectators=truth_of(events), source=_source(events, config), offsets=offsets)


def density_data(split: Split, config: Config) -> Dataset:
    """Events of one split with the density by formula as input, and the histogram as target."""
    events = events_of(split, config)
    offsets = {"events": np.arange(len(events) + 1)}
    inputs = {"kde": densities(events, config)}
    return Dataset(inputs, histograms(events, config), spectators=truth_of(events), source=_source(events, config), offsets=offsets)


def histograms(events: Sequence[VertexEvent], config: Config) -> npt.NDArray[np.float32]:
    """Targets [events, bins]."""
    bins = config.bins
    return np.stack([histogram(event.z, event.count, bins.low, bins.width, bins.resolution) for event in events])


def densities(events: Sequence[VertexEvent], config: Config) -> npt.NDArray[np.float32]:
    """By formula [events, 1, bins]."""
    return np.stack([density(event, config.bins.low, config.bins.width)[np.newaxis] for event in events])


def truth_of(events: Sequence[VertexEvent]) -> Arrays:
    """Spectators: number of the event; z [events, most] and tracks of its vertices, NaN and 0 behind the last."""
    z, count = np.full((len(events), _MOST_TRUE), np.nan), np.zeros((len(events), _MOST_TRUE), np.int64)
    for row, event in enumerate(events):
        some = np.argsort(-event.count, kind="stable")[:_MOST_TRUE]
        z[row, : len(some)], count[row, : len(some)] = event.z[some], event.count[some]
    return {"event": np.array([event.number for event in events]), "z": z, "count": count}


def true_vertices(spectators: Arrays) -> tuple[list[Array], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Z of each event, and of all of them one behind the other whether they are wanted, and their tracks."""
    known = np.isfinite(spectators["z"])
    count = spectators["count"][known]
    return [z[k] for z, k in zip(spectators["z"], known, strict=True)], count >= FEWEST, count


def _source(events: Sequence[VertexEvent], config: Config) -> str:
    return f"{said(config)} ({len(events)} events)"
