"""Tracks of the vertex locator without its hits: straight lines through measured points, and the collisions they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.record import EventSample, Indices
from bartik.simulation.response import impact, magnet

EFFICIENCY = 0.98
"""Share of the particles that cross enough stations whose track is found (LHCb-TDR-013, 98% to 99% of long tracks)."""
_STATIONS = 3
_PROMPT = 0.01  # mm from the collision, within which a particle is of it
_LEAST_PT = 0.05  # GeV; the resolution that goes as 1/pT ends here


@dataclass(frozen=True)
class VeloTracks:
    """Tracks [tracks] of all events one behind the other; those of event k are ``offsets[k]`` to ``offsets[k + 1]``.

    ``point`` [tracks, 3] in mm lies on the track, near where its particle was born; ``way`` [tracks, 3] is its direction, of length 1.
    ``particle`` is the row in the record, ``collision`` counts within the event, ``prompt`` says whether it was born there.
    """

    offsets: Indices
    point: npt.NDArray[np.float64]
    way: npt.NDArray[np.float64]
    particle: Indices
    collision: Indices
    prompt: npt.NDArray[np.bool_]


def velo_tracks(rng: np.random.Generator, sample: EventSample, *, smeared: bool = True) -> VeloTracks:
    """The tracks of charged particles that cross three stations or more, forward or backward, as measured or as they are."""
    momentum, origin = (_columns(sample, names) for names in (("px", "py", "pz"), ("x", "y", "z")))
    seen = sample.particles["final"] & (sample.particles["charge"] != 0)
    rows = np.flatnonzero(seen)
    rows = rows[magnet.velo_stations(origin[rows], momentum[rows]) >= _STATIONS]
    rows = rows[rng.random(len(rows)) < EFFICIENCY] if smeared else rows
    event = np.searchsorted(sample.particle_offsets, rows, side="right") - 1
    collision = sample.particles["collision"][rows]
    place = np.stack([sample.collisions[axis] for axis in "xyz"], axis=1)[sample.collision_offsets[event] + collision]
    prompt = np.linalg.norm(origin[rows] - place, axis=1) < _PROMPT
    point = _measured(rng, origin[rows], momentum[rows]) if smeared else origin[rows]
    way = momentum[rows] / np.linalg.norm(momentum[rows], axis=1, keepdims=True)
    return VeloTracks(np.searchsorted(rows, sample.particle_offsets), point, way, rows, collision.astype(np.int64), prompt)


def _measured(rng: np.random.Generator, origin: Array, momentum: Array) -> npt.NDArray[np.float64]:
    """As `impact` does it, with the resolution of very soft particles bounded."""
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    bounded = momentum * (np.maximum(pt, _LEAST_PT) / np.maximum(pt, 1e-9))[:, np.newaxis]
    return impact.measured_origin(rng, origin, bounded)


def _columns(sample: EventSample, names: tuple[str, ...]) -> npt.NDArray[np.float64]:
    return np.stack([sample.particles[name] for name in names], axis=1)
