"""The density of tracks along the beam by formula: what the first published networks were given.

At each z the sum of the Gaussians of all tracks, at the place across the beam where it is largest: here of 7 x 7 places 50 µm apart,
without the search for a better one that PV-Finder's own program makes behind its grid (arXiv:1906.08306, section 3).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.data.vertex_event import VertexEvent
from bartik.usecases.vertex_finding.columns import BINS

REACH = 20
"""Bins on each side of a track's own to which it counts."""
_GRID = np.stack(np.meshgrid(*[np.arange(-3, 4) * 0.05] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
_AT_ONCE = 256  # tracks, to bound memory


def density(event: VertexEvent, low: float, width: float) -> npt.NDArray[np.float32]:
    """Float32 [bins] from ``low`` in bins of ``width`` mm."""
    summed = np.zeros((BINS + 2 * REACH, len(_GRID)))
    around = np.arange(-REACH, REACH + 1)
    place = np.floor((event.tracks[:, 0].astype(np.float64) - low) / width).astype(np.int64)
    inside = np.flatnonzero((place >= 0) & (place < BINS))
    for rows in np.array_split(inside, -(-len(inside) // _AT_ONCE) or 1):
        at = place[rows, np.newaxis] + around
        centres = low + (at + 0.5) * width
        np.add.at(summed, at + REACH, _gaussians(event, rows, centres))
    return np.asarray(summed[REACH : REACH + BINS].max(axis=1), np.float32)


def _gaussians(event: VertexEvent, rows: npt.NDArray[np.int64], centres: Array) -> npt.NDArray[np.float64]:
    """Of tracks at bin ``centres`` [tracks, around] on the grid: [tracks, around, places]."""
    track = event.tracks[rows].astype(np.float64).T[:, :, np.newaxis, np.newaxis]
    z, x, y, a, b, c, d, e, f = track
    dz = centres[:, :, np.newaxis] - z
    dx, dy = event.beam[0] + _GRID[:, 0] - x, event.beam[1] + _GRID[:, 1] - y
    square = a * dx**2 + b * dy**2 + c * dz**2 + 2 * (d * dx * dy + e * dx * dz + f * dy * dz)
    return np.asarray(np.exp(-0.5 * square))
