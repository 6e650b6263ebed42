"""Primary vertices as the reconstruction has them: those of enough tracks, where they are but for the resolution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.record import EventSample
from bartik.simulation.response import magnet

FEWEST_TRACKS = 5
"""Tracks of the vertex locator that a collision must have to be found."""
_TRACKS, _ACROSS, _ALONG = 25, 0.013, 0.071  # mm, with so many tracks
_BORN_THERE = 0.1  # mm


def found_vertices(rng: np.random.Generator, sample: EventSample) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Positions [vertices, 3] in mm of the collisions that are found, all events behind one another, and their rows [vertices].

    The resolution is that of LHCb's first vertex locator, 13 µm across and 71 µm along the beam with 25 tracks (arXiv:1405.7808), and goes
    with the square root of the number of tracks. None is split or found that is not there: this toy's.
    """
    tracks = tracks_of(sample)
    rows = np.flatnonzero(tracks >= FEWEST_TRACKS)
    true = np.stack([sample.collisions[axis][rows] for axis in "xyz"], axis=1)
    sigma = np.sqrt(_TRACKS / tracks[rows])[:, np.newaxis] * np.array([_ACROSS, _ACROSS, _ALONG])
    return true + sigma * rng.standard_normal(true.shape), rows


def tracks_of(sample: EventSample) -> Array:
    """Number [collisions] of charged particles from the collision itself that cross enough of the vertex locator."""
    events = np.repeat(np.arange(len(sample)), np.diff(sample.particle_offsets))
    place = sample.collision_offsets[events] + sample.particles["collision"]
    known = (sample.particles["charge"] != 0) & sample.particles["final"] & (sample.particles["collision"] >= 0)
    row, place = np.flatnonzero(known), place[known]
    origin, way = (np.stack([sample.particles[name][row] for name in names], axis=1) for names in ("xyz", ("px", "py", "pz")))
    apart = np.linalg.norm(origin - np.stack([sample.collisions[axis][place] for axis in "xyz"], axis=1), axis=1)
    kind = magnet.track_type(origin, way, sample.particles["charge"][row])
    seen = (apart < _BORN_THERE) & np.isin(kind, (magnet.VELO, magnet.UPSTREAM, magnet.LONG))
    return np.bincount(place[seen], minlength=int(sample.collision_offsets[-1]))
