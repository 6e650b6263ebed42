"""A second look: short straight tracks among the hits that the networks left, by search by triplet."""

from __future__ import annotations

import numpy as np

from bartik.core import Array
from bartik.data.velo import VeloEvent
from bartik.data.velo_event import MODULES
from bartik.usecases.triplet_search import search_by_triplet
from bartik.usecases.velo_tracking.graph import modules_of

_LENGTH = 4
"""Hits of a track that claims them; one of three is kept only where no other has its hits."""


def left_tracks(hits: Array, tracks: list[list[int]], scatter: float) -> list[list[int]]:
    """Tracks [hits of each, from small to large z] of the ``hits`` [hits, 3] that are in no track.

    ``scatter`` bounds the squared distance in mm² of a hit from the line through the two before it; 0: no second look. A true track of
    three or four hits is lost with one doublet, and lies there complete.
    """
    free = np.ones(len(hits), bool)
    free[[hit for track in tracks for hit in track]] = False
    rest = np.flatnonzero(free)
    if not scatter or not len(rest):
        return []
    x, y, z = hits[rest].astype(np.float64).T
    offsets = np.searchsorted(modules_of(hits[rest]), np.arange(MODULES + 1))
    found = search_by_triplet(VeloEvent(0, "hits in no track", x, y, z, offsets.astype(np.int64)), scatter, _LENGTH)
    return [rest[track[::-1]].tolist() for track in found]
