"""Clusters that photons make in the electromagnetic calorimeter: cells, showers that overlap, and what a reconstruction finds.

Cells are those of LHCb's calorimeter (JINST 3 (2008) S08005, section 6.2): 1536 of 40.4 mm around the hole for the beam, 1792 of 60.6 mm
around these, 2688 of 121.2 mm outside. Its resolution is 10%/√E and 1% (CERN-LHCC-2000-036). A shower's profile along an axis is a sum of
two exponentials (G. Akopdjanov et al., NIM 140 (1977) 441) with nine tenths of the energy within a Molière radius of 35 mm. Clusters are
3 x 3 cells around a local maximum, cells of two clusters shared by the energies of both maxima (V. Breton et al., LHCb-2001-123);
positions are means with logarithmic weights (T. Awes et al., NIM A311 (1992) 130).

Of this toy: each zone goes on behind its borders for the showers that begin in it, and showers of two zones do not overlap; photons alone
leave energy; none converts before; there is no electronic noise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array

FACE = 12_490.0
"""Position of the calorimeter along the beam in mm."""


class Zone(NamedTuple):
    """Size of a cell, half of the zone's width and height, in mm."""

    cell: float
    width: float
    height: float


ZONES = (Zone(40.4, 969.6, 727.2), Zone(60.6, 1939.2, 1212.0), Zone(121.2, 3878.4, 3151.2))
HOLE = (323.2, 242.4)
SOFTEST = 0.1
"""Transverse energy in GeV of a photon, as seen from the middle of the detector, below which it leaves nothing."""
SEED, LEAST = 0.05, 0.2
"""Transverse energies in GeV that the cell of a maximum, and a cluster, must have (LHCb-2001-123; photons of LHCb's analyses)."""
MERGED = 0.1
"""Share of a cluster's energy from which on a second photon makes it a merged one."""
_STOCHASTIC, _CONSTANT = 0.10, 0.01
_CORE, _TAIL = (0.8, 7.0), (0.2, 25.0)
"""Shares and lengths in mm of both exponentials."""
_AROUND = np.arange(-2, 3)
_NINE = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
_FAINTEST = 0.002
"""GeV in a cell of one shower below which it is left out."""
_LOGARITHM = 4.0
_SIDE = 512


class Clusters(NamedTuple):
    """Clusters by the photon that gave most of the energy: its row, positions in mm, energies in GeV, whether of several photons."""

    photon: npt.NDArray[np.int64]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    energy: npt.NDArray[np.float64]
    merged: npt.NDArray[np.bool_]


def at_face(origin: Array, momentum: Array) -> npt.NDArray[np.float64]:
    """Where straight lines from ``origin`` along ``momentum`` [photons, 3] meet the calorimeter, in mm [photons, 2]; else NaN."""
    ahead = (momentum[:, 2] > 0) & (origin[:, 2] < FACE)
    slope = momentum[:, :2] / np.where(ahead, momentum[:, 2], np.nan)[:, np.newaxis]
    return np.asarray(origin[:, :2] + slope * (FACE - origin[:, 2:3]))


def zone_of(x: Array, y: Array) -> npt.NDArray[np.int64]:
    """Zone [photons] of each position, -1 outside and in the hole.

    >>> zone_of(np.array([100.0, 400.0, 400.0, 5000.0]), np.array([0.0, 0.0, 1300.0, 0.0])).tolist()
    [-1, 0, 2, -1]
    """
    across, up = np.abs(x), np.abs(y)
    inside = [(across < zone.width) & (up < zone.height) for zone in ZONES]
    hole = (across < HOLE[0]) & (up < HOLE[1])
    return np.select([hole, *inside], [-1, 0, 1, 2], -1)


def transverse(energy: Array, x: Array, y: Array) -> npt.NDArray[np.float64]:
    """Transverse energy of what comes from the middle of the detector."""
    return np.asarray(energy * np.hypot(x, y) / np.sqrt(np.square(x) + np.square(y) + FACE**2))


def leaves_energy(x: Array, y: Array, energy: Array) -> npt.NDArray[np.bool_]:
    """Photons that hit a zone and are neither too soft nor infinite."""
    return np.asarray((zone_of(x, y) >= 0) & np.isfinite(energy) & (transverse(energy, x, y) > SOFTEST))


def clusters(rng: np.random.Generator, x: Array, y: Array, energy: Array, event: Array) -> Clusters:
    """Clusters of photons [photons] that hit a zone at ``x``, ``y`` (mm) with an ``energy`` (GeV), each of an ``event``.

    A photon leads one cluster at most: of several the one with most energy is kept.
    """
    cells = _cells(rng, np.asarray(x, float), np.asarray(y, float), np.asarray(energy, float), np.asarray(event, np.int64))
    of, weight = _owners(cells)
    count = int(of.max(initial=-1)) + 1
    energies = np.bincount(of[of >= 0], (cells.energy[:, np.newaxis] * weight)[of >= 0], count)
    share = cells.energy[:, np.newaxis] * weight / np.where(of >= 0, energies[of] if count else 1.0, 1.0)
    logarithm = np.where(of >= 0, np.maximum(_LOGARITHM + np.log(np.maximum(share, 1e-9)), 0.0), 0.0)
    sums = [
        np.bincount(of[of >= 0], (logarithm * factor[:, np.newaxis])[of >= 0], count) for factor in (1.0 + 0 * cells.x, cells.x, cells.y)
    ]
    first, second, total = _leading(cells, of, weight, count, len(x))
    zone = zone_of(x, y)[first]
    found = Clusters(first, sums[1] / sums[0], sums[2] / sums[0], energies / _containment()[zone], second > MERGED * total)
    return _kept(found)


class _Cells(NamedTuple):
    """Cells with energy: key, middle, energy in GeV, least energy of a maximum there; and of each deposit its cell, photon and energy."""

    key: npt.NDArray[np.int64]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    energy: npt.NDArray[np.float64]
    place: npt.NDArray[np.int64]
    photon: npt.NDArray[np.int64]
    deposit: npt.NDArray[np.float64]


def _cells(rng: np.random.Generator, x: Array, y: Array, energy: Array, event: Array) -> _Cells:
    zone = zone_of(x, y)
    size = np.array([z.cell for z in ZONES])[zone]
    column, row = (np.floor(values / size).astype(np.int64)[:, np.newaxis] + _AROUND for values in (x, y))
    sides = [_share(index * size[:, np.newaxis] - v[:, np.newaxis], size) for index, v in ((column, x), (row, y))]
    left = energy[:, np.newaxis, np.newaxis] * sides[0][:, :, np.newaxis] * sides[1][:, np.newaxis, :]
    photon, across, up = np.nonzero(left > _FAINTEST)
    mean = left[photon, across, up]
    factor = 1 + _CONSTANT * rng.standard_normal(len(x))
    deposit = np.maximum(mean + _STOCHASTIC * np.sqrt(mean) * rng.standard_normal(len(mean)), 0.0) * factor[photon]
    i, j = column[photon, across], row[photon, up]
    every = ((event[photon] * len(ZONES) + zone[photon]) * _SIDE + i + _SIDE // 2) * _SIDE + j + _SIDE // 2
    key, first, place = np.unique(every, return_index=True, return_inverse=True)
    x, y = ((index[first] + 0.5) * size[photon][first] for index in (i, j))
    return _Cells(key, x, y, np.bincount(place, deposit, len(key)).astype(float), place, photon, deposit)


def _share(start: Array, size: Array) -> npt.NDArray[np.float64]:
    """Share of a shower's energy between ``start`` and ``start + size``, along one axis."""
    return _before(start + size[:, np.newaxis]) - _before(start)


def _before(distance: Array) -> npt.NDArray[np.float64]:
    tail = sum(share * np.exp(-np.abs(distance) / length) for share, length in (_CORE, _TAIL))
    return np.asarray(np.where(distance < 0, 0.5 * tail, 1 - 0.5 * tail))


def _containment() -> npt.NDArray[np.float64]:
    """Mean share of the energy that is in 3 x 3 cells of each zone."""
    found = []
    for zone in ZONES:
        inside = (np.arange(40) + 0.5) / 40 * zone.cell
        found.append(np.mean(_before(2 * zone.cell - inside) - _before(-zone.cell - inside)) ** 2)
    return np.array(found)


def _owners(cells: _Cells) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Clusters that have a part of each cell [cells, 9], -1 for none, and how much of it."""
    beside = np.stack([_at(cells.key, cells.key + i * _SIDE + j) for i, j in _NINE], axis=1)
    around = np.where(beside >= 0, cells.energy[beside], 0.0)
    highest = (cells.energy[:, np.newaxis] >= around).all(axis=1) & (transverse(cells.energy, cells.x, cells.y) > SEED)
    number = np.where(highest, np.cumsum(highest) - 1, -1)
    of = np.where(beside >= 0, number[beside], -1)
    seed = np.where(of >= 0, around, 0.0)
    return of, seed / np.maximum(seed.sum(axis=1, keepdims=True), 1e-12)


def _at(keys: Array, wanted: Array) -> npt.NDArray[np.int64]:
    """Places of the ``wanted`` among sorted ``keys``, -1 where they are not."""
    if not len(keys):
        return np.zeros(0, np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def _leading(cells: _Cells, of: Array, weight: Array, count: int, photons: int) -> tuple[Array, Array, Array]:
    """Photon that gave most to each cluster [clusters], what the second gave, and all; energies in GeV."""
    which, given = of[cells.place], weight[cells.place] * cells.deposit[:, np.newaxis]
    rows, columns = np.nonzero(which >= 0)
    pair, place = np.unique(which[rows, columns] * photons + cells.photon[rows], return_inverse=True)
    amount = np.bincount(place, given[rows, columns], len(pair))
    cluster = pair // max(photons, 1)
    order = np.lexsort((-amount, cluster))
    start = np.searchsorted(cluster[order], np.arange(count))
    several = np.bincount(cluster, minlength=count) > 1
    second = np.where(several, amount[order][np.minimum(start + 1, max(len(order) - 1, 0))], 0.0)
    return pair[order][start] % max(photons, 1), second, np.bincount(cluster, amount, count)


def _kept(found: Clusters) -> Clusters:
    good = np.flatnonzero(transverse(found.energy, found.x, found.y) > LEAST)
    good = good[np.lexsort((-found.energy[good], found.photon[good]))]
    photon = found.photon[good]
    first = np.ones(len(good), bool)
    first[1:] = photon[1:] != photon[:-1]
    return Clusters._make(values[good[first]] for values in found)
