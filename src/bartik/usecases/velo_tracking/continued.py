"""Pieces of one track: of two where one goes on behind the end of the other in the same straight line, one is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core import Array
from bartik.usecases.velo_tracking.graph import Indices

_HITS = 4
"""Hits at the end of a track that say where it goes."""
_GAP = 100.0
"""mm along the beam, at most, between the last hit of one and the first of the other: four modules."""
_TURN = 0.002
"""Largest change of slope."""


@dataclass(frozen=True)
class _Ends:
    """Lines at one end of each track: ``place`` [tracks, 3] in mm, ``slope`` [tracks, 2], ``z`` [tracks] of the last hit."""

    place: Array
    slope: Array
    z: Array

    def at(self, rows: Indices, z: Array) -> Array:
        """Where the lines ``rows`` are at ``z`` [rows], [rows, 2]."""
        found: Array = self.place[rows, :2] + self.slope[rows] * (z - self.place[rows, 2])[:, None]
        return found


def continued(hits: Array, tracks: list[list[int]], apart: float) -> list[list[int]]:
    """Tracks of ``hits`` [hits, 3], each from small to large z, those that go on in one another as one.

    ``apart`` is the largest distance in mm of the two lines in the middle of the gap; 0: none are joined.
    """
    before, after = _pairs(hits, tracks, apart) if apart and tracks else ([], [])
    following = dict(zip(before, after, strict=True))
    joined = []
    for first in sorted(set(range(len(tracks))) - set(after)):
        whole, place = list(tracks[first]), first
        while (place := following.get(place, -1)) >= 0:
            whole += tracks[place]
        joined.append(whole)
    return joined


def _pairs(hits: Array, tracks: list[list[int]], apart: float) -> tuple[list[int], list[int]]:
    """Tracks and those that continue them, each once on a side, the nearest first."""
    begins, ends = _ends(hits, [track[:_HITS] for track in tracks], 0), _ends(hits, [track[-_HITS:] for track in tracks], -1)
    gap = begins.z[None] - ends.z[:, None]
    one, other = np.nonzero((gap > 0) & (gap < _GAP))
    middle = (ends.z[one] + begins.z[other]) / 2
    away = np.linalg.norm(ends.at(one, middle) - begins.at(other, middle), axis=1)
    turn = np.linalg.norm(ends.slope[one] - begins.slope[other], axis=1)
    near = np.flatnonzero((away < apart) & (turn < _TURN))
    taken: tuple[list[int], list[int]] = ([], [])
    for pair in near[np.argsort(away[near] / apart + turn[near] / _TURN, kind="stable")].tolist():
        if one[pair] not in taken[0] and other[pair] not in taken[1]:
            taken[0].append(int(one[pair]))
            taken[1].append(int(other[pair]))
    return taken


def _ends(hits: Array, pieces: list[list[int]], last: int) -> _Ends:
    """Straight lines by least squares through a few hits of each track; ``last`` is the place of the one at the very end."""
    counts = np.array([len(piece) for piece in pieces])
    filled = np.array([piece + [piece[0]] * (_HITS - len(piece)) for piece in pieces])
    weight = (np.arange(_HITS) < counts[:, None])[:, :, None]
    points = hits[filled].astype(np.float64)
    place = (weight * points).sum(1) / counts[:, None]
    off = weight * (points - place[:, None])
    spread = np.maximum((off[:, :, 2] ** 2).sum(1), 1e-6)
    slope = (off[:, :, 2:] * off[:, :, :2]).sum(1) / spread[:, None]
    return _Ends(place, slope, hits[[piece[last] for piece in pieces], 2].astype(np.float64))
