"""The peer without a network: a histogram along the beam line and a fit, after Allen's ``pv_beamline``.

As there (github.com/lhcb, Allen, ``device/PV/beamlinePV``): each track is spread over bins of 0.25 mm by what it knows of z; runs of bins
above a density are clusters, cut in two at a dip; each is a seed where enough tracks are; all seeds are fitted at once, a track shared
among vertices by weights exp(-chi²/2) and left out beyond a chi² cut; vertices of fewer than four tracks, and the lesser of two that are
one within their errors, are dropped. Constants are Allen's where they have the same meaning, and said where not. The fit is along z alone,
at the beam line.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from bartik.core import Array
from bartik.data.ellipsoids import sigma_z
from bartik.data.vertex_event import VertexEvent

_BIN = 0.25  # mm
_LOW, _HIGH = -560.0, 560.0
_WORST = 10.0 * _BIN  # mm: sigma of z beyond which a track makes no seed
_DENSITY = 0.5 * _BIN / 0.25  # tracks a bin, of a cluster (this toy)
_SEED = 2.5  # tracks
_DIP = 0.6  # of the lower of two maxima, below which they are two clusters (this toy)
_CHI2 = 9.0
_BLOCKED = 0.5  # mm from the beam line, beyond which a track is of none (Allen: 0.5 mm)
_FEWEST = 4.0  # tracks
_SAME = 25.0  # chi² of the distance of two vertices that are one
_STEPS = 10


def beamline_vertices(event: VertexEvent) -> npt.NDArray[np.float64]:
    """Vertices [found, 2]: z in mm and the number of tracks, each counted by its weight; the largest first."""
    near = np.hypot(event.tracks[:, 1] - event.beam[0], event.tracks[:, 2] - event.beam[1]) < _BLOCKED
    z, sigma = event.tracks[near, 0].astype(np.float64), np.maximum(sigma_z(event.tracks[near]), 0.02)
    seeds = _seeds(z, sigma)
    return _fitted(seeds, z, sigma) if len(seeds) else np.zeros((0, 2))


def _seeds(z: Array, sigma: Array) -> npt.NDArray[np.float64]:
    """Middles of clusters in the histogram."""
    edges = np.arange(_LOW, _HIGH + _BIN, _BIN)
    content = np.zeros(len(edges) - 1)
    for place, width in zip(z[sigma < _WORST], sigma[sigma < _WORST], strict=True):
        first, last = np.searchsorted(edges, [place - 3 * width, place + 3 * width])
        span = slice(max(first - 1, 0), min(last, len(content)))
        if span.stop > span.start:
            content[span] += np.diff(ndtr((edges[span.start : span.stop + 1] - place) / width))
    found: list[float] = []
    above = np.flatnonzero(np.diff(np.concatenate([[0], content > _DENSITY, [0]])))
    for first, last in above.reshape(-1, 2):
        found += [float(np.average(edges[part] + _BIN / 2, weights=content[part])) for part in _parts(content, first, last)]
    return np.array(found)


def _parts(content: Array, first: int, last: int) -> list[slice]:
    """A cluster of bins, cut at its deepest dip and so on, without parts of too few tracks."""
    inside = content[first:last]
    left, right = np.maximum.accumulate(inside), np.maximum.accumulate(inside[::-1])[::-1]
    depth = inside / np.minimum(left, right)
    deepest = int(depth.argmin())
    if depth[deepest] < _DIP and 0 < deepest < len(inside) - 1:
        return _parts(content, first, first + deepest) + _parts(content, first + deepest, last)
    return [slice(first, last)] if inside.sum() >= _SEED else []


def _fitted(seeds: Array, z: Array, sigma: Array) -> npt.NDArray[np.float64]:
    """All vertices at once, and then without those of few tracks and doubles."""
    place = seeds.copy()
    for _ in range(_STEPS):
        weight = _shares(place, z, sigma)
        information = weight / sigma**2
        total = information.sum(axis=1)
        place = np.where(total > 0, (information * z).sum(axis=1) / np.maximum(total, 1e-12), place)
    weight = _shares(place, z, sigma)
    count, variance = weight.sum(axis=1), 1 / np.maximum((weight / sigma**2).sum(axis=1), 1e-12)
    kept: list[int] = []
    for one in np.argsort(-count, kind="stable"):
        near = any((place[one] - place[other]) ** 2 < _SAME * (variance[one] + variance[other]) for other in kept)
        if count[one] >= _FEWEST and not near:
            kept.append(int(one))
    return np.stack([place[kept], count[kept]], axis=1)


def _shares(place: Array, z: Array, sigma: Array) -> npt.NDArray[np.float64]:
    """How much of each track is of each vertex [vertices, tracks]."""
    chi2 = ((z - place[:, np.newaxis]) / sigma) ** 2
    weight = np.where(chi2 < _CHI2, np.exp(-chi2 / 2), 0.0)
    return np.asarray(weight / (weight.sum(axis=0) + np.exp(-_CHI2 / 2)))
