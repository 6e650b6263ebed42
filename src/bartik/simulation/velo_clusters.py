"""Pixels that charged particles fire, and the clusters of neighbouring pixels, whose centres are the hits.

The charge of 200 µm of silicon (16,000 electrons) is laid down in pieces along the path, each drifts to the pixels with diffusion, and a
pixel with more than the threshold of 1,000 electrons fires. The read-out says only whether it did: LHCb-TDR-013, section 3. Pixels between
two chips, which are 2.5 times as wide, are not distinguished from others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.counters import Keys, normal, uniform, within
from bartik.simulation.record import Indices
from bartik.simulation.velo_geometry import PITCH, SENSORS

THICKNESS, DIFFUSION = 0.2, 0.0035
"""Of the sensors and of the charge that crosses them, in mm."""
_PIECES, _CHARGE, _THRESHOLD = 10, 16_000.0, 1_000.0  # electrons
_KNOCKED, _RANGE = 0.02, 0.04  # electrons knocked on inside the silicon, a crossing, and how far they carry charge, in mm
_SIDE = 1024  # pixels; more than a sensor has
_NEIGHBOURS = (1, _SIDE - 1, _SIDE, _SIDE + 1)


@dataclass(frozen=True)
class Paths:
    """One entry a path through a sensor: event, sensor, middle in the sensor's u and v in mm, slopes along them, particle (-1: none)."""

    event: Indices
    sensor: Indices
    u: Array
    v: Array
    slope_u: Array
    slope_v: Array
    owner: Indices
    key: Keys


@dataclass(frozen=True)
class Clusters:
    """Event, sensor, centre [clusters] in mm, in the order of events and sensors; ``links`` [n, 2] of cluster and particle."""

    event: Indices
    sensor: Indices
    u: Array
    v: Array
    links: Indices


def clusters(paths: Paths) -> Clusters:
    """Clusters of all events at once; those of two particles whose pixels touch are one."""
    pixels, path = _fired(paths)
    every, place = np.unique(pixels, return_inverse=True)
    label = _connected(every)
    first, found = np.unique(label, return_inverse=True)
    size = np.bincount(found, minlength=len(first))
    plane, column, row = every[first] // _SIDE**2, every // _SIDE % _SIDE, every % _SIDE
    event, sensor = plane // len(SENSORS), plane % len(SENSORS)
    u, v = (SENSORS[sensor, edge] - PITCH * (np.bincount(found, at, len(first)) / size + 0.5) for edge, at in ((1, column), (3, row)))
    links = np.unique(np.stack([found[place.reshape(-1)], paths.owner[path]], axis=1), axis=0)
    return Clusters(event, sensor, u, v, links[links[:, 1] >= 0])


def _fired(paths: Paths) -> tuple[Indices, Indices]:
    """Pixels above threshold as one number each, and the path that fired it; a pixel may come more than once."""
    depth = ((np.arange(_PIECES) + 0.5) / _PIECES - 0.5) * THICKNESS
    keys = within(paths.key[:, np.newaxis], np.arange(_PIECES))
    spread = normal(keys, 1)
    carried = _carried(paths)
    u, v = (
        middle[:, np.newaxis] + slope[:, np.newaxis] * depth + DIFFUSION * drift + carry
        for middle, slope, drift, carry in zip((paths.u, paths.v), (paths.slope_u, paths.slope_v), spread, carried, strict=True)
    )
    stretch = np.sqrt(1 + paths.slope_u**2 + paths.slope_v**2)[:, np.newaxis]
    charge = -np.log(uniform(keys, 3) * uniform(keys, 4)) / 2 * _CHARGE / _PIECES * stretch
    sensor = np.repeat(paths.sensor, _PIECES)
    column, row, inside = _pixel(sensor, u.ravel(), v.ravel())
    plane = np.repeat(paths.event, _PIECES) * len(SENSORS) + sensor
    path, pixel = np.repeat(np.arange(len(paths.u)), _PIECES)[inside], ((plane * _SIDE + column) * _SIDE + row)[inside]
    order = np.lexsort((pixel, path))
    path, pixel = path[order], pixel[order]
    first = np.flatnonzero((np.diff(path, prepend=-1) != 0) | (np.diff(pixel, prepend=-1) != 0))
    above = first[np.add.reduceat(charge.ravel()[inside][order], first) > _THRESHOLD] if len(first) else first
    return pixel[above], path[above]


def _carried(paths: Paths) -> tuple[Array, Array]:
    """How far [paths, pieces] a knock-on electron carries the charge of some pieces, for those paths that have one."""
    has = (uniform(paths.key, 5) < _KNOCKED)[:, np.newaxis] & (np.arange(_PIECES) < 3)
    far = (-np.log(uniform(paths.key, 6)) * _RANGE)[:, np.newaxis] * (np.arange(_PIECES) + 1) / 3
    phi = (2 * np.pi * uniform(paths.key, 7))[:, np.newaxis]
    return np.where(has, far * np.cos(phi), 0), np.where(has, far * np.sin(phi), 0)


def _pixel(sensor: Indices, u: Array, v: Array) -> tuple[Indices, Indices, npt.NDArray[np.bool_]]:
    """Column and row, counted from the sensor's high edges, and whether the place is in the sensor."""
    places = [np.floor((SENSORS[sensor, edge] - at) / PITCH).astype(np.int64) for edge, at in ((1, u), (3, v))]
    most = [np.round((SENSORS[sensor, edge] - SENSORS[sensor, edge - 1]) / PITCH) for edge in (1, 3)]
    inside = [(place >= 0) & (place < last) for place, last in zip(places, most, strict=True)]
    return places[0], places[1], inside[0] & inside[1]


def _connected(pixels: Indices) -> Indices:
    """For each of the sorted ``pixels`` the first of its cluster: those that touch at a side or a corner belong together."""
    label = np.arange(len(pixels))
    left, right = _touching(pixels)
    while (label[left] != label[right]).any():
        least = np.minimum(label[left], label[right])
        np.minimum.at(label, left, least)
        np.minimum.at(label, right, least)
    return label


def _touching(pixels: Indices) -> tuple[Indices, Indices]:
    pairs = []
    for step in _NEIGHBOURS:
        place = np.searchsorted(pixels, pixels + step)
        left = np.flatnonzero(np.append(pixels, -1)[place] == pixels + step)
        pairs.append((left, place[left]))
    return np.concatenate([left for left, _ in pairs]), np.concatenate([right for _, right in pairs])
