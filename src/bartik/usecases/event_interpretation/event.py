"""An event as the networks see it, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core import Array, Arrays, DataError
from bartik.metrics.decay_trees import Groups, Indices
from bartik.usecases.event_interpretation.columns import CLASSES, LEVELS

TABLES = {"tracks": ("tracks", "vertex", "clusters", "pdg"), "vertices": ("vertices",)}


@dataclass(frozen=True)
class Event:
    """Tracks [tracks, 10] as in `bartik.usecases.event_interpretation.columns`, primary vertices [vertices, 3] in mm, and the truth.

    ``vertex`` [tracks]: the vertex a track is from, -1 where that was not found; ``clusters`` [tracks, levels]: a number for the ancestor
    of generation 1, 2 ... or less that is highest above a track, the same for all its tracks, the track's own where there is none; -1 for
    tracks of no b decay. ``pdg`` [tracks]: what it is, 0 where nobody knows.
    """

    number: int
    tracks: Array
    vertices: Array
    vertex: Indices
    clusters: Indices
    pdg: Indices

    def __post_init__(self) -> None:
        """`DataError` for arrays that do not fit one another or hold no numbers."""
        rows = {len(getattr(self, name)) for name in TABLES["tracks"]}
        if len(rows) != 1 or self.tracks.shape[1:] != (10,) or self.vertices.shape[1:] != (3,) or self.clusters.shape[1:] != (LEVELS,):
            raise DataError(f"event {self.number}: tracks {self.tracks.shape}, vertices {self.vertices.shape} and truth do not fit")
        if not (np.isfinite(self.tracks).all() and np.isfinite(self.vertices).all()):
            raise DataError(f"event {self.number}: a track or a vertex is NaN or infinite", hint="remove that event")

    def __len__(self) -> int:
        """Number of tracks."""
        return len(self.tracks)

    @property
    def signal(self) -> Array:
        """Whether each track is of a b decay [tracks]."""
        return self.clusters[:, -1] >= 0

    @property
    def decays(self) -> Groups:
        """The true decays of two tracks and more, by the tracks below each ancestor."""
        found: set[frozenset[int]] = set()
        for level in range(LEVELS):
            numbers = self.clusters[:, level]
            found |= {frozenset(np.flatnonzero(numbers == one).tolist()) for one in np.unique(numbers[numbers >= 0]).tolist()}
        return frozenset(group for group in found if len(group) > 1)


def generations(clusters: Indices, first: Array, second: Array) -> Indices:
    """Generation [pairs] of the lowest common ancestor of two tracks each, 0 for none, at most the last that networks tell."""
    one, other = clusters[first], clusters[second]
    same = (one == other) & (one >= 0)
    return np.where(same[:, -1], np.minimum(LEVELS - same.sum(axis=1) + 1, CLASSES - 1), 0)


def clusters_of(matrix: Indices, members: Array, count: int) -> Indices:
    """Cluster numbers [count, levels] of ``count`` tracks from the ancestors [members, members] of those of b decays."""
    found = np.full((count, LEVELS), -1, np.int64)
    if matrix.max(initial=0) > LEVELS:
        raise DataError(f"a decay of {int(matrix.max())} generations, wanted {LEVELS} or less")
    for level in range(LEVELS if len(members) else 0):
        joined = ((matrix > 0) & (matrix <= level + 1)) | np.eye(len(members), dtype=bool)
        found[members, level] = members[joined.argmax(axis=1)]
    return found


def packed(events: list[Event]) -> Arrays:
    """Events as flat arrays with offsets, for a file."""
    arrays: Arrays = {"number": np.array([event.number for event in events], np.int64)}
    for axis, names in TABLES.items():
        arrays[f"{axis}_offsets"] = np.cumsum([0, *(len(getattr(event, axis)) for event in events)]).astype(np.int64)
        arrays |= {name: np.concatenate([getattr(event, name) for event in events]) for name in names if events}
    return arrays


def unpacked(arrays: Arrays) -> list[Event]:
    """Inverse of `packed`."""
    numbers = arrays["number"].tolist()
    parts = {
        name: np.split(arrays[name], arrays[f"{axis}_offsets"][1:-1]) if numbers else [] for axis, names in TABLES.items() for name in names
    }
    return [
        Event(number, **{name: parts[name][place] for names in TABLES.values() for name in names}) for place, number in enumerate(numbers)
    ]
