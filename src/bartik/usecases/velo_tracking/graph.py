"""From hits to the graph: pairs of hits in modules one behind the other, and pairs of doublets that share a hit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from bartik.core import Array
from bartik.data.velo import VeloEvent
from bartik.simulation.velo_geometry import MODULE_Z

Indices = npt.NDArray[np.int64]

MODULES_AHEAD = 4
"""A doublet spans at most so many modules, those of both sides counted: two stations, so that one missed hit is bridged."""
STEEPEST = 1.5
"""Largest slope of a doublet: of the true ones 0.2% are steeper."""
SHARPEST = 0.25
"""Largest change of slope within a triplet."""


def positions(event: VeloEvent) -> Array:
    """Hits float32 [hits, 3] in mm, sorted by module."""
    return np.stack([event.x, event.y, event.z], axis=1).astype(np.float32)


def modules_of(hits: Array) -> Indices:
    """The module nearest along the beam to each hit [hits, 3]."""
    edges = (MODULE_Z[1:] + MODULE_Z[:-1]) / 2
    return np.searchsorted(edges, hits[:, 2]).astype(np.int64)


def window_pairs(hits: Array) -> tuple[Indices, Indices]:
    """All doublets of one event's hits, sorted by module: within reach, and not too steep."""
    modules = modules_of(hits)
    begin = np.searchsorted(modules, modules, side="right")
    counts = np.searchsorted(modules, modules + MODULES_AHEAD, side="right") - begin
    first = np.repeat(np.arange(len(hits)), counts)
    second = np.repeat(begin - np.cumsum(counts) + counts, counts) + np.arange(len(first))
    return _not_steep(hits, first, second)


def neighbours(hits: Array, places: Array, radius: float) -> tuple[Indices, Indices]:
    """Doublets of hits within ``radius`` of one another in the learned space ``places`` [hits, dimensions], by a k-d tree a module."""
    bounds = np.searchsorted(modules_of(hits), np.arange(len(MODULE_Z) + 1))
    found: list[tuple[Indices, Indices]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for module in range(len(MODULE_Z) - 1):
        low, high, end = bounds[module], bounds[module + 1], bounds[min(module + 1 + MODULES_AHEAD, len(MODULE_Z))]
        if high in (low, end):
            continue
        near = cKDTree(places[low:high]).sparse_distance_matrix(cKDTree(places[high:end]), radius, output_type="ndarray")
        found.append((near["i"] + low, near["j"] + high))
    first, second = (np.concatenate(column).astype(np.int64) for column in zip(*found, strict=True))
    return _not_steep(hits, first, second)


def chain(first: Indices, second: Indices, hits: Array) -> tuple[Indices, Indices]:
    """Triplets: every doublet ``one`` that ends where doublet ``other`` begins, unless they turn too sharply."""
    order = np.argsort(first, kind="stable")
    bounds = np.searchsorted(first[order], np.arange(len(hits) + 1))
    begin, counts = bounds[:-1][second], np.diff(bounds)[second]
    one = np.repeat(np.arange(len(first)), counts)
    other = order[np.repeat(begin - np.cumsum(counts) + counts, counts) + np.arange(len(one))]
    slopes = (hits[second, :2] - hits[first, :2]) / (hits[second, 2:] - hits[first, 2:])
    turn = slopes[other] - slopes[one]
    kept = (turn * turn).sum(1) < SHARPEST**2
    return one[kept], other[kept].astype(np.int64)


def _not_steep(hits: Array, first: Indices, second: Indices) -> tuple[Indices, Indices]:
    apart = hits[second] - hits[first]
    kept = (apart[:, 0] ** 2 + apart[:, 1] ** 2 < (STEEPEST * apart[:, 2]) ** 2) & (apart[:, 2] > 1.0)
    return first[kept], second[kept]
