"""Which pairs of tracks are looked at, and what numpy sees of a track and a pair: for the choice of pairs and for the trees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.response.impact import impact_parameter, impact_resolution

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_NEIGHBOURS = 64
"""Of a track, the nearest ones: so that an event of 2000 tracks makes 64,000 pairs at most."""
WIDEST = 0.4
"""Opening angle of a pair in rad: of those of one b hadron 0.1% have a wider one."""
STRICT, MIDDLE, LOOSE = (0.5, 2.5, 1.0), (0.3, 2.0, 1.0), (0.3, 1.0, 2.0)
"""Least significance of the impact parameter of both tracks and of one of them; distance of closest approach in mm.

To find tracks among all; for the one network; among the tracks that are kept.
"""
TRACK_COLUMNS = ("log pt", "log p", "log ip", "log significance", "z to vertex", "charge", "near tracks", "nearest displaced")
PAIR_COLUMNS = (
    "opening angle", "momentum-transverse distance", "delta z", "same vertex", "log distance", "log radius", "z to vertex", "log mass",
    "charge product", "least significance", "largest significance",
)  # fmt: skip
"""The first four are the published edge features."""
_PION = 0.13957


def momenta(tracks: Array) -> Array:
    """Momenta [tracks, 3] in GeV."""
    return tracks[:, 3:6].astype(np.float64)


def impact(tracks: Array) -> tuple[Array, Array]:
    """Impact parameter [tracks] in mm to the vertex that a track passes most closely, and its significance."""
    ip = impact_parameter(tracks[:, :3].astype(np.float64), momenta(tracks), tracks[:, 6:9].astype(np.float64))
    return ip, ip / (impact_resolution(np.hypot(tracks[:, 3], tracks[:, 4])) / 1000)


def candidate_pairs(tracks: Array, cuts: tuple[float, float, float] = STRICT, of: Mask | None = None) -> Indices:
    """Pairs [pairs, 2] worth a look, sorted; the first track is that of more transverse momentum. ``of``: among these tracks alone."""
    rows = np.arange(len(tracks)) if of is None else np.flatnonzero(of)
    _, significance = impact(tracks)
    rows = rows[significance[rows] > cuts[0]]
    first, second = (rows[index] for index in np.triu_indices(len(rows), 1))
    kept = np.maximum(significance[first], significance[second]) > cuts[1]
    first, second = first[kept], second[kept]
    distance, angle, _ = approach(tracks, first, second)
    kept = (distance < cuts[2]) & (angle < WIDEST)
    first, second, distance = first[kept], second[kept], distance[kept]
    near = _nearest(first, second, distance, len(tracks))
    return np.stack([first[near], second[near]], axis=1).astype(np.int64)


def approach(tracks: Array, first: Array, second: Array) -> tuple[Array, Array, Array]:
    """Of pairs: distance of closest approach in mm, opening angle in rad, and the point [pairs, 3] halfway between both lines."""
    origin, way = tracks[:, :3].astype(np.float64), momenta(tracks)
    way = way / np.linalg.norm(way, axis=1, keepdims=True)
    u, v, apart = way[first], way[second], origin[first] - origin[second]
    across = np.cross(u, v)
    sine2 = np.maximum((across**2).sum(axis=1), 1e-10)
    distance = np.abs((apart * across).sum(axis=1)) / np.sqrt(sine2)
    cosine, along_u, along_v = (u * v).sum(axis=1), (u * apart).sum(axis=1), (v * apart).sum(axis=1)
    one, other = (np.clip(step / sine2, -1e3, 1e3) for step in (cosine * along_v - along_u, along_v - cosine * along_u))
    middle = (origin[first] + one[:, np.newaxis] * u + origin[second] + other[:, np.newaxis] * v) / 2
    return distance, np.arcsin(np.minimum(np.sqrt(sine2), 1.0)), middle


def pair_columns(tracks: Array, pairs: Indices) -> Array:
    """Features float32 [pairs, 11] by the names of `PAIR_COLUMNS`, for trees."""
    first, second = pairs.T
    distance, angle, middle = approach(tracks, first, second)
    origin, vertex, way = tracks[:, :3].astype(np.float64), tracks[:, 6:9].astype(np.float64), momenta(tracks)
    _, significance = impact(tracks)
    apart, total = origin[first] - origin[second], way[first] + way[second]
    total_way = total / np.linalg.norm(total, axis=1, keepdims=True)
    transverse = np.linalg.norm(apart - (apart * total_way).sum(axis=1, keepdims=True) * total_way, axis=1)
    flown = middle - vertex[first]
    columns = [angle, transverse, np.abs(apart[:, 2]), (vertex[first] == vertex[second]).all(axis=1)]
    columns += [np.log(distance + 1e-3), np.log(np.hypot(flown[:, 0], flown[:, 1]) + 1e-3), flown[:, 2], np.log(_mass(way, first, second))]
    columns += [
        tracks[first, 9] * tracks[second, 9],
        *(pick(significance[first], significance[second]) for pick in (np.minimum, np.maximum)),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def track_columns(tracks: Array) -> Array:
    """Features float32 [tracks, 8] by the names of `TRACK_COLUMNS`, with how isolated a track is, for cuts and trees."""
    ip, significance = impact(tracks)
    way = momenta(tracks)
    near, closest = _isolation(tracks, significance)
    columns = [np.log(np.hypot(way[:, 0], way[:, 1]) + 1e-3), np.log(np.linalg.norm(way, axis=1) + 1e-3), np.log(ip + 1e-4)]
    columns += [np.log(significance + 1e-3), tracks[:, 2] - tracks[:, 8], tracks[:, 9], near, np.log(closest + 1e-3)]
    return np.stack(columns, axis=1).astype(np.float32)


def _isolation(tracks: Array, significance: Array) -> tuple[Array, Array]:
    """Displaced tracks [tracks] that pass within 0.2 mm and 0.4 rad, and the distance in mm of the nearest of them, 10 for none."""
    pairs = candidate_pairs(tracks)
    distance, _, _ = approach(tracks, *pairs.T)
    near, closest = np.zeros(len(tracks)), np.full(len(tracks), 10.0)
    for one, other in (pairs.T, pairs.T[::-1]):
        counts = significance[other] > STRICT[1]
        np.add.at(near, one[counts & (distance < 0.2)], 1.0)
        np.minimum.at(closest, one[counts], distance[counts])
    return near, closest


def _mass(way: Array, first: Array, second: Array) -> Array:
    """Invariant mass in GeV of two pions."""
    energy = np.sqrt((way**2).sum(axis=1) + _PION**2)
    product = (way[first] * way[second]).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(2 * _PION**2 + 2 * (energy[first] * energy[second] - product), 1e-6)))


def _nearest(first: Array, second: Array, distance: Array, count: int) -> Mask:
    """Pairs that are among the nearest of one of their tracks."""
    ends, pair = np.concatenate([first, second]), np.tile(np.arange(len(first)), 2)
    order = np.lexsort((distance[pair], ends))
    starts = np.searchsorted(ends[order], np.arange(count))
    rank = np.arange(len(order)) - starts[ends[order]]
    return np.isin(np.arange(len(first)), pair[order[rank < MOST_NEIGHBOURS]])
