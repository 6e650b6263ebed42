"""Search by triplet: tracks of one event from the outermost stations of the Velo inwards, the same for the same hits.

The method is that of D. Campora, N. Neufeld, A. Riscos Nunez, IPDPSW 2019, as the ``velopix`` package has it: hits of three neighbouring
stations seed a track where the line through two of them comes near the third; a track is followed station by station and claims hits;
a seed takes only hits that no track has claimed. Where ``velopix`` goes through seeds in the order of a hash, which differs from call to
call, this goes through them in the order of their hits (docs/decisions/0004-a-search-that-repeats.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.data.velo import VeloEvent

STATIONS = 26
FEWEST_HITS = 3
_MAY_MISS = 2
"""A track ends when it found no hit in more stations than this, one after another."""
_APART, _WIDEST = 1000.0, 400.0  # mm; hits of several planes lie in one sorted array so far from each other, lines that leave are clipped

Hits = npt.NDArray[np.int64]


@dataclass
class _Track:
    hits: list[int]
    missed: int = 0


def search_by_triplet(event: VeloEvent, max_scatter: float, min_length: int) -> list[list[int]]:
    """Hits of each track, three or more, outermost first.

    ``max_scatter`` bounds the squared distance in mm² between a hit and the line through the two before it. A track of ``min_length``
    hits claims the first of them; a shorter one is kept only if its first three hits are free in the end.
    """
    search = _Search(event, max_scatter, min_length)
    for station in reversed(range(STATIONS - 2)):
        search.follow(station)
        search.seed(station)
    return search.tracks()


class _Search:
    """The search at work: which hits are claimed, which tracks are still followed, which have ended."""

    def __init__(self, event: VeloEvent, max_scatter: float, min_length: int) -> None:
        self.x, self.y, self.z = event.x, event.y, event.z
        self.starts, self.modules = event.module_offsets[::2], event.module_offsets
        self.station = np.repeat(np.arange(STATIONS), np.diff(self.starts))
        self.max_scatter, self.reach, self.min_length = max_scatter, 1.000001 * np.sqrt(max_scatter), min_length
        self.claimed = np.zeros(len(event), np.bool_)
        self.followed: list[_Track] = []
        self.ended: list[_Track] = []

    def follow(self, station: int) -> None:
        """Add to each track the hit of ``station`` nearest to its line, or a free one further in; drop it after too many misses."""
        if not self.followed:
            return
        first, second = np.array([track.hits[-2:] for track in self.followed]).T
        nearest, further = self._continuations(first, second, station), self._further(first, second, station)
        followed: list[_Track] = []
        for track, found, others in zip(self.followed, nearest.tolist(), further, strict=True):
            hit = found if found >= 0 else next((other for other in others if not self.claimed[other]), -1)
            if hit >= 0:
                self._extend(track, hit)
            else:
                track.missed += 1
            (followed if track.missed <= _MAY_MISS else self.ended).append(track)
        self.followed = followed

    def seed(self, station: int) -> None:
        """New tracks of a free hit two stations out with the free hit next to it, and their nearest in ``station``, that fit best."""
        first, second = (self._hits(station + step)[~self.claimed[self._hits(station + step)]] for step in (2, 1))
        first, second = np.repeat(first, len(second)), np.tile(second, len(first))
        pair, third, scatter = self._near(first, second, self._hits(station))
        best = _least(pair, scatter, third)
        best = best[~self.claimed[third[best]]]
        start = first[pair[best]]
        chosen = best[_least(start, scatter[best], second[pair[best]])]
        hits = np.stack([first[pair[chosen]], second[pair[chosen]], third[chosen]], axis=1)
        self.followed += [_Track(row) for row in hits.tolist()]

    def tracks(self) -> list[list[int]]:
        """Hits of the tracks, once all stations are done."""
        every = self.ended + self.followed
        return [t.hits for t in every if len(t.hits) >= self.min_length or not self.claimed[t.hits[:3]].any()]

    def _hits(self, station: int) -> Hits:
        return np.arange(self.starts[station], self.starts[station + 1])

    def _extend(self, track: _Track, hit: int) -> None:
        track.hits.append(hit)
        track.missed = 0
        self.claimed[hit] = True
        if len(track.hits) >= self.min_length:
            self.claimed[track.hits[: self.min_length - 1]] = True

    def _continuations(self, first: Hits, second: Hits, station: int) -> Hits:
        """The hit of ``station`` nearest to each line that comes from the two stations before it, claimed or not; -1 where none is near."""
        found = np.full(len(first), -1)
        adjacent = np.flatnonzero((self.station[first] == station + 2) & (self.station[second] == station + 1))
        pair, third, scatter = self._near(first[adjacent], second[adjacent], self._hits(station))
        best = _least(pair, scatter, third)
        found[adjacent[pair[best]]] = third[best]
        return found

    def _further(self, first: Hits, second: Hits, station: int) -> list[list[int]]:
        """Hits near each line in the module with the number before ``station``, nearest first.

        ``velopix`` takes the number of a station for that of a module here; kept, so that candidates are the same.
        """
        module = max(station - 1, 0)
        pair, third, scatter = self._near(first, second, np.arange(self.modules[module], self.modules[module + 1]))
        order = np.lexsort((third, scatter, pair))
        bounds = np.searchsorted(pair[order], np.arange(len(first) + 1))
        return [third[order[low:high]].tolist() for low, high in pairwise(bounds.tolist())]

    def _near(self, first: Hits, second: Hits, third: Hits) -> tuple[Hits, Hits, Array]:
        """All hits of ``third`` within reach of the lines through ``first`` and ``second``: number of the line, hit, squared distance."""
        lines = np.flatnonzero(self.z[second] != self.z[first])
        first, second = first[lines], second[lines]
        per_mm = 1.0 / (self.z[second] - self.z[first])
        tx, ty = (self.x[second] - self.x[first]) * per_mm, (self.y[second] - self.y[first]) * per_mm
        planes, plane = np.unique(self.z[third], return_inverse=True)
        places = self.x[third] + _APART * plane
        order = np.argsort(places, kind="stable")
        x = self.x[first][:, np.newaxis] + tx[:, np.newaxis] * (planes - self.z[first][:, np.newaxis])
        line, low, counts = self._windows(places[order], np.clip(x, -_WIDEST, _WIDEST) + _APART * np.arange(len(planes)))
        line = np.repeat(line // max(len(planes), 1), counts)
        hit = third[order[np.repeat(low - np.cumsum(counts) + counts, counts) + np.arange(len(line))]]
        step = self.z[hit] - self.z[first[line]]
        dx, dy = self.x[first[line]] + tx[line] * step - self.x[hit], self.y[first[line]] + ty[line] * step - self.y[hit]
        scatter = dx * dx + dy * dy
        kept = scatter < self.max_scatter
        return lines[line[kept]], hit[kept], scatter[kept]

    def _windows(self, places: Array, wanted: Array) -> tuple[Hits, Hits, Hits]:
        """Which ``wanted`` have sorted ``places`` within reach: their flat number, the first such place, how many there are."""
        wanted = wanted.ravel()
        low = np.searchsorted(places, wanted - self.reach)
        near = np.flatnonzero(np.append(places, np.inf)[low] <= wanted + self.reach)
        return near, low[near], np.searchsorted(places, wanted[near] + self.reach, side="right") - low[near]


def _least(group: Hits, value: Array, name: Hits) -> Hits:
    """Row of the smallest ``value`` of each group, the smallest ``name`` among equals; rows in the order of their groups."""
    order = np.lexsort((name, value, group))
    return order[np.diff(group[order], prepend=-1) > 0]
