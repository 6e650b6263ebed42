"""Decays into n bodies, evenly over phase space: F. James, Monte Carlo phase space, CERN 68-15 (1968), after Raubold and Lynch.

The decay is a chain of decays into two: masses of the first 2, 3 ... bodies together are drawn, kept in proportion to the product of the
momenta of all steps, and each step goes its own way isotropically. Four-momenta are px, py, pz, e in GeV.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError

Momenta = npt.NDArray[np.float64]
_TRIES = 8
"""Sets of masses drawn for a decay at a time."""


def breakup_momentum(mass: Array, first: Array, second: Array) -> Momenta:
    """Momentum in GeV of the two bodies into which a ``mass`` at rest decays, 0 where it cannot; masses in GeV broadcast.

    >>> round(float(breakup_momentum(5.27972, 0.493677, 0.13957039)), 4)
    2.6149
    """
    whole, one, other = (np.asarray(value, np.float64) for value in (mass, first, second))
    product = (whole - one - other) * (whole + one + other) * (whole - one + other) * (whole + one - other)
    return np.asarray(np.sqrt(np.maximum(product, 0)) / (2 * whole))


def decay(rng: np.random.Generator, mother: Momenta, mass: Momenta, masses: Momenta) -> Momenta:
    """Four-momenta [decays, bodies, 4] of bodies of ``masses`` [decays, bodies] from a ``mother`` [decays, 4] of a ``mass`` [decays].

    The mass is given beside the momentum, from which that of a fast and light particle could not be had. `DataError` for fewer
    than two bodies, for momenta that are no numbers, and for a mother lighter than its daughters.
    """
    if masses.shape[1] < 2 or not (np.isfinite(mother).all() and (masses.sum(axis=1) <= mass * (1 + 1e-12)).all()):
        what = f"{masses.shape[1]} bodies of up to {masses.sum(axis=1).max(initial=0):.4f} GeV together"
        raise DataError(f"no decay to {what}: they are too heavy, or its momentum is no number")
    found, left, steps = np.empty((*masses.shape, 4)), mother, _masses(rng, mass, masses)
    for body in range(masses.shape[1] - 1, 0, -1):
        momentum = breakup_momentum(steps[:, body], steps[:, body - 1], masses[:, body])
        way = isotropic(rng, len(mass)) * momentum[:, np.newaxis]
        found[:, body] = boosted(_with_mass(way, masses[:, body]), left, steps[:, body])
        left = boosted(_with_mass(-way, steps[:, body - 1]), left, steps[:, body])
    found[:, 0] = left
    return found


def isotropic(rng: np.random.Generator, count: int) -> Momenta:
    """Unit vectors [count, 3], evenly over the sphere."""
    cosine, phi = rng.uniform(-1, 1, count), rng.uniform(-np.pi, np.pi, count)
    sine = np.sqrt(1 - cosine**2)
    return np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)


def boosted(momenta: Momenta, frame: Momenta, mass: Momenta) -> Momenta:
    """Four-momenta [n, 4] known in the rest frames of particles ``frame`` [n, 4] of a ``mass`` [n], as seen by who sees the particles."""
    along = (momenta[:, :3] * frame[:, :3]).sum(axis=1)
    share = (along / (frame[:, 3] + mass) + momenta[:, 3]) / mass
    energy = (frame[:, 3] * momenta[:, 3] + along) / mass
    return np.concatenate([momenta[:, :3] + share[:, np.newaxis] * frame[:, :3], energy[:, np.newaxis]], axis=1)


def invariant_mass(momenta: Momenta) -> Momenta:
    """Mass [...] in GeV of four-momenta [..., 4]."""
    momentum = np.linalg.norm(momenta[..., :3], axis=-1)
    return np.asarray(np.sqrt(np.maximum((momenta[..., 3] - momentum) * (momenta[..., 3] + momentum), 0)))


def _with_mass(momentum: Momenta, mass: Momenta) -> Momenta:
    energy = np.sqrt((momentum**2).sum(axis=1) + mass**2)
    return np.concatenate([momentum, energy[:, np.newaxis]], axis=1)


def _masses(rng: np.random.Generator, mass: Momenta, masses: Momenta) -> Momenta:
    """Mass [decays, bodies] of the first 1, 2 ... bodies together, as phase space has them."""
    if masses.shape[1] == 2:
        return np.stack([masses[:, 0], mass], axis=1)
    found, wanted = np.empty_like(masses), np.arange(len(mass))
    best = _largest_weight(mass, masses)
    while len(wanted):
        tries = _drawn_masses(rng, mass[wanted], masses[wanted])
        weight = _weight(tries, masses[wanted, np.newaxis])
        taken = rng.random(weight.shape) * best[wanted, np.newaxis] <= weight
        first = taken.argmax(axis=1)
        found[wanted] = tries[np.arange(len(wanted)), first]
        wanted = wanted[~taken.any(axis=1)]
    return found


def _drawn_masses(rng: np.random.Generator, mass: Momenta, masses: Momenta) -> Momenta:
    """Masses [decays, tries, bodies] before any are refused: kinetic energy divided at random among the steps."""
    bodies = masses.shape[1]
    inner = np.sort(rng.random((len(mass), _TRIES, bodies - 2)), axis=2)
    share = np.concatenate([np.zeros((len(mass), _TRIES, 1)), inner, np.ones((len(mass), _TRIES, 1))], axis=2)
    free = np.maximum(mass - masses.sum(axis=1), 0)
    return np.asarray(np.cumsum(masses, axis=1)[:, np.newaxis] + share * free[:, np.newaxis, np.newaxis])


def _weight(steps: Momenta, masses: Momenta) -> Momenta:
    return np.asarray(breakup_momentum(steps[..., 1:], steps[..., :-1], masses[..., 1:]).prod(axis=-1))


def _largest_weight(mass: Momenta, masses: Momenta) -> Momenta:
    """A bound [decays] on the weight: each step with all of the kinetic energy (the note's and GENBOD's)."""
    below = np.cumsum(masses, axis=1)
    free = (mass - below[:, -1])[:, np.newaxis]
    return np.asarray(breakup_momentum(np.maximum(free + below[:, 1:], 1e-12), below[:, :-1], masses[:, 1:]).prod(axis=1))
