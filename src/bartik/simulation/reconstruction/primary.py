"""Primary vertices as reconstructed, and which of them a track belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays
from bartik.simulation.record import EventSample
from bartik.simulation.response.impact import impact_resolution

Floats = npt.NDArray[np.float64]
FEWEST_TRACKS = 5
"""A collision with fewer tracks in the vertex locator makes no primary vertex, as in LHCb's search."""
_TRANSVERSE, _ALONG, _REFERENCE = 0.013, 0.071, 25.0
"""Resolution in mm of a vertex of 25 tracks (arXiv:1405.7808); that of others goes as 1/√tracks."""
_FAR = 1e6  # mm: where there is no vertex


@dataclass(frozen=True)
class Primaries:
    """Vertices [events, most]: positions [events, most, 3] in mm, variances across and along the beam in mm², ``found`` where one is.

    ``collision`` is that of the event which each is of, -1 where there is none.
    """

    position: Floats
    across: Floats
    along: Floats
    found: npt.NDArray[np.bool_]
    collision: npt.NDArray[np.int64]


def primary_vertices(rng: np.random.Generator, sample: EventSample) -> Primaries:
    """The collisions with enough charged particles in the vertex locator, each moved by its resolution."""
    tracks = _tracks_of_collisions(sample)
    event = np.repeat(np.arange(len(sample)), np.diff(sample.collision_offsets))
    kept = np.flatnonzero(tracks >= FEWEST_TRACKS)
    place = np.arange(len(kept)) - np.searchsorted(event[kept], event[kept])
    shape = (len(sample), int(place.max(initial=0)) + 1)
    scale = np.sqrt(_REFERENCE / tracks[kept])
    true = np.stack([sample.collisions[axis][kept] for axis in "xyz"], axis=1)
    width = np.stack([_TRANSVERSE * scale, _TRANSVERSE * scale, _ALONG * scale], axis=1)
    position, across, along = np.full((*shape, 3), _FAR), np.ones(shape), np.ones(shape)
    found, collision = np.zeros(shape, bool), np.full(shape, -1)
    position[event[kept], place] = true + width * rng.standard_normal(true.shape)
    across[event[kept], place], along[event[kept], place] = width[:, 0] ** 2, width[:, 2] ** 2
    found[event[kept], place] = True
    collision[event[kept], place] = kept - sample.collision_offsets[event[kept]]
    return Primaries(position, across, along, found, collision)


def least_impact(tracks: Arrays, primaries: Primaries) -> Floats:
    """Smallest χ² [tracks] of a track's impact parameter over the primary vertices of its event; very large where there are none.

    ``tracks`` have ``event``, a point ``x``, ``y``, ``z`` and a momentum ``px``, ``py``, ``pz``, each [tracks].
    """
    event = tracks["event"]
    vertex = primaries.position[event]
    slopes = [(tracks[name] / tracks["pz"])[:, np.newaxis] for name in ("px", "py")]
    step = vertex[..., 2] - tracks["z"][:, np.newaxis]
    offsets = [
        tracks[axis][:, np.newaxis] + slope * step - vertex[..., k] for k, (axis, slope) in enumerate(zip("xy", slopes, strict=True))
    ]
    variance = (impact_resolution(np.hypot(tracks["px"], tracks["py"])) / 1000)[:, np.newaxis] ** 2 + primaries.across[event]
    along = primaries.along[event]
    chi2 = sum(offset**2 / (variance + slope**2 * along) for offset, slope in zip(offsets, slopes, strict=True))
    return np.asarray(np.min(chi2, axis=1))


def _tracks_of_collisions(sample: EventSample) -> Array:
    """Charged final particles [collisions] that cross the vertex locator forward or backward."""
    eta = np.abs(sample.eta)
    counted = sample.particles["final"] & (sample.particles["charge"] != 0) & (eta > 2) & (eta < 5)
    starts = np.repeat(sample.collision_offsets[:-1], np.diff(sample.particle_offsets))
    return np.bincount((sample.particles["collision"] + starts)[counted], minlength=len(sample.collisions["x"]))
