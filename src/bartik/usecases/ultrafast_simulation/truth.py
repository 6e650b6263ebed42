"""The full toy: what the models learn, stage by stage, with numpy's random numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays
from bartik.simulation.response import identity, muon, rich, track_state, tracking
from bartik.simulation.response.detector import SPECIES
from bartik.usecases.ultrafast_simulation.particles import Particles

IDENTIFIED = (3.0, 200.0)
"""Momenta in GeV of the long tracks that are identified; in between isMuon and the likelihoods are defined (as in LHCb's own models)."""


def possible(particles: Particles) -> npt.NDArray[np.int64]:
    """Best class that the geometry allows [rows]; nothing of particles outside of what the chain is taught."""
    found = np.zeros(len(particles), np.int64)
    rows = np.flatnonzero(particles.within)
    some = particles.take(rows)
    found[rows] = tracking.possible_class(some.origin, some.momentum, some.charge)
    return found


def track_class(rng: np.random.Generator, particles: Particles, best: Array) -> npt.NDArray[np.int64]:
    """As what each is reconstructed [rows]."""
    return tracking.reconstructed_class(rng, tracking.class_probabilities(best, particles.p, particles.pdg, particles.charged))


def residuals(rng: np.random.Generator, particles: Particles, kind: Array) -> npt.NDArray[np.float64]:
    """Columns of `columns.QUALITY` [rows, 9]."""
    return track_state.residuals(rng, kind, particles.p, particles.theta, particles.pdg, particles.charged)


def covariance_numbers(rng: np.random.Generator, particles: Particles, kind: Array, fit: Array) -> npt.NDArray[np.float64]:
    """Numbers that make the covariance [rows, 15]."""
    return track_state.covariance_numbers(rng, kind, particles.p, particles.theta, fit)


def covariance(numbers: Array) -> npt.NDArray[np.float64]:
    """Columns of `columns.COVARIANCE` [rows, 15]."""
    return np.concatenate([numbers[:, :5], track_state.correlations(numbers[:, 5:])], axis=1)


def identified(particles: Particles, kind: Array) -> npt.NDArray[np.bool_]:
    """Which tracks are identified [rows]."""
    return np.asarray((kind == tracking.LONG) & (particles.p > IDENTIFIED[0]) & (particles.p < IDENTIFIED[1]))


def dll(rng: np.random.Generator, particles: Particles) -> npt.NDArray[np.float64]:
    """Columns of `columns.DLL` [rows, 4]."""
    masses = dict(zip(SPECIES, rich.HYPOTHESES.values(), strict=True))
    mass = np.array([masses[number] for number in np.abs(particles.pdg).tolist()])
    found = rich.dll(rng, particles.p, mass, particles.theta, particles.charged)
    return np.stack(list(found.values()), axis=1).reshape(len(particles), 4)


def is_muon(rng: np.random.Generator, particles: Particles) -> npt.NDArray[np.bool_]:
    """Whether isMuon [rows]."""
    return muon.is_muon(particles.p, muon.station_hits(rng, particles.pdg, particles.p, particles.charged))


def muon_likelihoods(rng: np.random.Generator, particles: Particles, passes: Array) -> npt.NDArray[np.float64]:
    """Columns of `columns.MUON` [rows, 2]: 0 where isMuon is not passed, which says nothing."""
    found = np.zeros((len(particles), 2))
    found[passes] = identity.muon_likelihoods(rng, particles.pdg[passes], particles.p[passes])
    return found


def combined(rng: np.random.Generator, particles: Particles, rings: Array, passes: Array, muons: Array) -> npt.NDArray[np.float64]:
    """Columns of `columns.COMBINED` [rows, 9]."""
    return identity.global_identity(rng, particles.pdg, particles.p, rings, passes, muons)


def combined_numbers(rng: np.random.Generator, particles: Particles, rings: Array, passes: Array, muons: Array) -> tuple[Array, Array]:
    """Combined likelihoods [rows, 4] and log odds of ProbNN [rows, 5]."""
    return identity.global_numbers(rng, particles.pdg, particles.p, rings, passes, muons)


def full_toy(rng: np.random.Generator, particles: Particles) -> Arrays:
    """All stages: ``possible`` and ``class`` [rows], and tables [rows, ...] of what the detectors say, NaN where it is not defined."""
    best = possible(particles)
    kind = track_class(rng, particles, best)
    found: Arrays = {"possible": best, "class": kind}
    rows = np.flatnonzero(kind > 0)
    tracks = particles.take(rows)
    measured = residuals(rng, tracks, kind[rows])
    found["residuals"] = _spread(len(particles), rows, measured)
    found["covariance"] = _spread(len(particles), rows, covariance(covariance_numbers(rng, tracks, kind[rows], measured[:, 6:])))
    rows = np.flatnonzero(identified(particles, kind))
    return found | {name: _spread(len(particles), rows, values) for name, values in _identities(rng, particles.take(rows)).items()}


def _identities(rng: np.random.Generator, tracks: Particles) -> Arrays:
    passes, rings = is_muon(rng, tracks), dll(rng, tracks)
    muons = muon_likelihoods(rng, tracks, passes)
    return {"isMuon": passes[:, np.newaxis], "dll": rings, "muon": muons, "combined": combined(rng, tracks, rings, passes, muons)}


def _spread(count: int, rows: Array, values: Array) -> npt.NDArray[np.float64]:
    found = np.full((count, values.shape[1]), np.nan)
    found[rows] = values
    return found
