"""Rings of Cherenkov light, and what they say of a particle's mass.

Photons of each radiator are drawn around the angle of the particle, those of others beside them, and the likelihood of all is computed
under each hypothesis of the mass: as LHCb does for all tracks at once (R. Forty and O. Schneider, LHCb-98-040), here for each by itself.
How well data tell kaons from pions: EPJC 73 (2013) 2431, arXiv:1211.6759.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.particles import TABLE

HYPOTHESES: Mapping[str, float] = {
    name: TABLE[key].mass for name, key in zip(("e", "mu", "pi", "K", "p"), ("e-", "mu-", "pi+", "K+", "p+"), strict=True)
}
"""Masses in GeV by name."""


class Radiator(NamedTuple):
    """A gas: refractive index less 1, photons seen of a fast particle, resolution of a photon's angle and polar angles covered, in rad."""

    name: str
    refractivity: float
    photons: float
    resolution: float
    inner: float
    outer: float


C4F10 = Radiator("C4F10", 1.4e-3, 30.0, 1.6e-3, 0.025, 0.300)
CF4 = Radiator("CF4", 5.0e-4, 22.0, 0.7e-3, 0.015, 0.120)
RADIATORS: Sequence[Radiator] = (C4F10, CF4)
"""Of RICH 1 and RICH 2 (LHCb-TDR-014)."""
USUAL_TRACKS = 150.0
"""Charged particles in an event for which the following hold, which are of this toy: with them kaons are told from pions as in data."""
BACKGROUND = 30.0
"""Photons of others, anywhere around a ring."""
NEIGHBOUR = 0.3
"""Probability of a second ring of `NEIGHBOUR_PHOTONS`, of a fast particle beside this one."""
NEIGHBOUR_PHOTONS, _NEIGHBOUR_SPREAD = 15.0, 3e-3
DIMMED = 0.2
"""Share of particles with less light than they should have, as they interacted or left the radiator early."""
_TILT = 0.2  # resolution of the direction of the track, which moves all its photons, in those of one photon
_SURROUNDINGS = 0.015  # rad beyond the largest angle that is looked at


def threshold(mass: Array, radiator: Radiator) -> npt.NDArray[np.float64]:
    """Momentum in GeV from which a particle of this ``mass`` in GeV makes light.

    >>> [round(float(threshold(HYPOTHESES[name], C4F10)), 1) for name in ("pi", "K", "p")]
    [2.6, 9.3, 17.7]
    """
    index = 1 + radiator.refractivity
    return np.asarray(np.asarray(mass) / np.sqrt(index**2 - 1))


def cherenkov_angle(p: Array, mass: Array, radiator: Radiator) -> npt.NDArray[np.float64]:
    """Angle in radians between particle and photons, cos θ = 1 / (n β); 0 below threshold; arguments broadcast."""
    cosine = np.hypot(p, mass) / (np.maximum(p, 1e-9) * (1 + radiator.refractivity))
    return np.asarray(np.arccos(np.minimum(cosine, 1.0)))


def expected_photons(p: Array, mass: Array, radiator: Radiator) -> npt.NDArray[np.float64]:
    """Mean number of photons seen: as sin² θ (Frank and Tamm, 1937)."""
    largest = np.arccos(1 / (1 + radiator.refractivity))
    return np.asarray(radiator.photons * (np.sin(cherenkov_angle(p, mass, radiator)) / np.sin(largest)) ** 2)


def log_likelihoods(rng: np.random.Generator, p: Array, mass: Array, theta: Array, tracks: Array) -> npt.NDArray[np.float64]:
    """Logarithms [particles, 5] of the likelihood of the photons of both radiators under each of `HYPOTHESES`, less a common constant.

    Parameters
    ----------
    p, mass
        Of the particles [particles], in GeV.
    theta
        Polar angle [particles] in the radiator, in radians: outside of what one covers it says nothing.
    tracks
        Charged particles [particles] in the event, to which photons of others are proportional.

    """
    found = np.zeros((len(p), len(HYPOTHESES)))
    for radiator in RADIATORS:
        covered = np.flatnonzero((theta > radiator.inner) & (theta < radiator.outer))
        found[covered] += _of_one(rng, np.asarray(p)[covered], np.asarray(mass)[covered], np.asarray(tracks)[covered], radiator)
    return found


def dll(rng: np.random.Generator, p: Array, mass: Array, theta: Array, tracks: Array) -> dict[str, npt.NDArray[np.float64]]:
    """``DLLe``, ``DLLmu``, ``DLLK`` and ``DLLp`` [particles]: by how much each is likelier than a pion; arguments as `log_likelihoods`."""
    found = log_likelihoods(rng, p, mass, theta, tracks)
    names = list(HYPOTHESES)
    return {f"DLL{name}": found[:, names.index(name)] - found[:, names.index("pi")] for name in names if name != "pi"}


def _of_one(rng: np.random.Generator, p: Array, mass: Array, tracks: Array, radiator: Radiator) -> npt.NDArray[np.float64]:
    reach = float(np.arccos(1 / (1 + radiator.refractivity))) + _SURROUNDINGS
    others = BACKGROUND * tracks / USUAL_TRACKS
    owner, angle = _photons(rng, p, mass, others, radiator, reach)
    found = np.empty((len(p), len(HYPOTHESES)))
    for column, hypothesis in enumerate(np.array(list(HYPOTHESES.values()))):
        light, ring = expected_photons(p, hypothesis, radiator), cherenkov_angle(p, hypothesis, radiator)
        pull = (angle - ring[owner]) / radiator.resolution
        signal = light[owner] * np.exp(-0.5 * pull**2) / (np.sqrt(2 * np.pi) * radiator.resolution)
        found[:, column] = np.bincount(owner, np.log(signal + others[owner] / reach + 1e-3), len(p)) - light
    return found


def _photons(
    rng: np.random.Generator, p: Array, mass: Array, others: Array, radiator: Radiator, reach: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Whose surroundings each photon is in, and at which angle: its own, those of a neighbour, and those of all others."""
    count = len(p)
    dim = np.where(rng.random(count) < DIMMED, rng.random(count), 1.0)
    near = rng.random(count) < NEIGHBOUR * others / BACKGROUND
    tilt = _TILT * radiator.resolution * rng.standard_normal(count)
    centre = np.stack([cherenkov_angle(p, mass, radiator) + tilt, np.full(count, reach - _SURROUNDINGS), np.full(count, reach / 2)])
    mean = np.stack([dim * expected_photons(p, mass, radiator), near * NEIGHBOUR_PHOTONS, others])
    numbers = rng.poisson(mean)
    width = np.repeat([radiator.resolution, _NEIGHBOUR_SPREAD, 0.0], numbers.sum(axis=1))
    angle = np.repeat(centre.ravel(), numbers.ravel()) + width * rng.standard_normal(len(width))
    angle = np.where(width == 0, rng.uniform(0, reach, len(width)), angle)
    return np.repeat(np.tile(np.arange(count), 3), numbers.ravel()), angle
