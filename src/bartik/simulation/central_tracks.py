"""Tracks of a detector around the beams, such as ATLAS: perigees of what is central and not too soft, as measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.record import EventSample, Indices

CENTRAL, LEAST_PT = 2.5, 0.5
"""Pseudorapidity up to which, and transverse momentum in GeV from which a track is found."""
EFFICIENCY = 0.9
"""Of this toy: most of what is lost is lost to nuclear interactions."""
_D0, _Z0 = (0.020, 0.062), (0.070, 0.068)
"""mm: resolution of d0 and of z0 sin(theta), constant and as 1 / (pT sqrt(sin theta)): about those of the tracks of ACTS' example event
(`tests/physics/test_vertex_finding.py`)."""
_PROMPT = 0.01  # mm
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CentralTracks:
    """Perigees [tracks] of all events to the ``beam`` line; those of event k are ``offsets[k]`` to ``offsets[k + 1]``.

    ``d0``, ``z0`` in mm, ``phi``, ``theta`` in rad, ``sigma`` [tracks, 2] of d0 and z0 in mm; ``collision`` counts within the event.
    """

    offsets: Indices
    d0: Floats
    z0: Floats
    phi: Floats
    theta: Floats
    sigma: Floats
    collision: Indices
    prompt: npt.NDArray[np.bool_]


def central_tracks(rng: np.random.Generator, sample: EventSample, beam: Array, *, smeared: bool = True) -> CentralTracks:
    """Tracks as straight lines near the beam: at these momenta the field bends them by less than they are known to."""
    wanted = sample.particles["final"] & (sample.particles["charge"] != 0) & (np.abs(sample.eta) < CENTRAL) & (sample.pt > LEAST_PT)
    rows = np.flatnonzero(wanted)
    rows = rows[rng.random(len(rows)) < EFFICIENCY] if smeared else rows
    event = np.searchsorted(sample.particle_offsets, rows, side="right") - 1
    collision = sample.particles["collision"][rows].astype(np.int64)
    place = np.stack([sample.collisions[axis] for axis in "xyz"], axis=1)[sample.collision_offsets[event] + collision]
    origin = np.stack([sample.particles[axis][rows] for axis in "xyz"], axis=1)
    pt, pz = sample.pt[rows], sample.particles["pz"][rows]
    phi, theta = np.arctan2(sample.particles["py"][rows], sample.particles["px"][rows]), np.arctan2(pt, pz)
    x, y = origin[:, 0] - beam[0], origin[:, 1] - beam[1]
    d0, away = y * np.cos(phi) - x * np.sin(phi), -(x * np.cos(phi) + y * np.sin(phi))
    sigma = resolutions(pt, theta)
    shift = rng.standard_normal(sigma.shape) * sigma if smeared else 0 * sigma
    z0 = origin[:, 2] + away / np.tan(theta) + shift[:, 1]
    prompt = np.linalg.norm(origin - place, axis=1) < _PROMPT
    return CentralTracks(np.searchsorted(rows, sample.particle_offsets), d0 + shift[:, 0], z0, phi, theta, sigma, collision, prompt)


def resolutions(pt: Array, theta: Array) -> Floats:
    """Of d0 and z0 in mm [tracks, 2], for transverse momenta in GeV.

    >>> resolutions(np.array([1.0]), np.array([np.pi / 2])).round(3).tolist()
    [[0.065, 0.098]]
    """
    soft = 1 / (np.asarray(pt) * np.sqrt(np.sin(theta)))
    d0, z0 = (np.hypot(constant, scattering * soft) for constant, scattering in (_D0, _Z0))
    return np.stack([d0, z0 / np.sin(theta)], axis=1)
