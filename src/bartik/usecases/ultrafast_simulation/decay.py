"""A physics analysis end to end: the mass peak of D0 -> K- pi+ and how many pass its selection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core import Array, Arrays
from bartik.simulation.particles import TABLE
from bartik.simulation.phase_space import decay, invariant_mass
from bartik.simulation.response.impact import impact_parameter
from bartik.usecases.ultrafast_simulation.columns import QUALITY
from bartik.usecases.ultrafast_simulation.counters import Places
from bartik.usecases.ultrafast_simulation.particles import Particles

MASSES = (TABLE["K+"].mass, TABLE["pi+"].mass)
_PIDK = 10  # place among `chain.IDENTITY_NAMES`: isMuon, four DLL, two likelihoods, PIDe, PIDmu, PIDK
_DX, _DY, _DTX, _DTY, _DP = (next(k for k, c in enumerate(QUALITY) if c.name == name) for name in ("dx", "dy", "dtx", "dty", "dp"))
_SCALE, _POWER = 3.2, 2.0
"""Of the transverse momentum in GeV, as `bartik.simulation.parametric` has it for charm."""
CUTS = {"pT > 0.5 GeV": 0.5, "IP > 0.06 mm": 0.06}
PEAK = (1.80, 1.93)
"""GeV."""


@dataclass(frozen=True)
class Decays:
    """Two particles a decay, kaons first, all behind one another; ``vertex`` [decays, 3] is where the D0 was made, in mm."""

    particles: Particles
    places: Places
    vertex: Array

    @property
    def truth(self) -> Array:
        """True masses [decays] in GeV."""
        momenta = np.stack([_four(way, mass) for way, mass in zip(np.split(self.particles.momentum, 2), MASSES, strict=True)], axis=1)
        return invariant_mass(momenta.sum(axis=1))


def make_decays(rng: np.random.Generator, count: int, charged: Array, seed: int) -> Decays:
    """Decays of mesons between pseudorapidities 2 and 4.5, in events with ``charged`` particles drawn from those given."""
    meson = TABLE["D0"]
    pt = _SCALE * np.sqrt((1 - rng.random(count)) ** (-1 / _POWER) - 1)
    eta, phi = rng.uniform(2.0, 4.5, count), rng.uniform(-np.pi, np.pi, count)
    way = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1)
    mother = np.concatenate([way, np.hypot(np.linalg.norm(way, axis=1), meson.mass)[:, np.newaxis]], axis=1)
    made = decay(rng, mother, np.full(count, meson.mass), np.tile(MASSES, (count, 1)))
    vertex = np.stack([rng.normal(0, 0.04, count), rng.normal(0, 0.04, count), rng.normal(0, 63.0, count)], axis=1)
    origin = vertex + way / meson.mass * (meson.flight * rng.exponential(1.0, count))[:, np.newaxis]
    sign, busy = rng.choice([-1, 1], count), rng.choice(charged, count)
    pdg = np.concatenate([-321 * sign, 211 * sign]).astype(np.int64)
    particles = Particles(np.tile(origin, (2, 1)), np.concatenate([made[:, 0, :3], made[:, 1, :3]]), pdg, np.tile(busy, 2))
    places = Places(seed, np.tile(np.arange(count, dtype=np.uint64), 2), np.repeat(np.arange(2, dtype=np.uint32), count))
    return Decays(particles, places, vertex)


def selected(decays: Decays, tracks: Arrays) -> Arrays:
    """Masses in GeV and steps of the selection [decays] from the chain's (or the full toy's) tracks.

    ``found``: both are long tracks; ``kept``: they pass `CUTS` and are in the `PEAK`; ``named``: they are identified as well.
    """
    particles = decays.particles
    momentum, point = measured(particles, tracks["quality"])
    impact = impact_parameter(point, momentum, np.tile(decays.vertex, (2, 1)))
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    good = (tracks["class"] == 1) & (pt > CUTS["pT > 0.5 GeV"]) & (impact > CUTS["IP > 0.06 mm"])
    likelihood = tracks["identity"][:, _PIDK - 1]
    kaon, pion = np.split(likelihood, 2)
    halves = [np.split(values, 2) for values in (tracks["class"] == 1, good)]
    found, kept = (one & other for one, other in halves)
    four = np.stack([_four(way, mass) for way, mass in zip(np.split(momentum, 2), MASSES, strict=True)], axis=1)
    mass = np.where(found, invariant_mass(np.where(np.isfinite(four), four, 0.0).sum(axis=1)), np.nan)
    inside = (mass > PEAK[0]) & (mass < PEAK[1])
    return {"mass": mass, "found": found, "kept": kept & inside, "named": kept & inside & (kaon > 0) & (pion < 0)}


def measured(particles: Particles, quality: Array) -> tuple[Array, Array]:
    """Momenta in GeV and points in mm [rows, 3] as reconstructed; NaN where there is no track."""
    way, q = particles.momentum, np.asarray(quality, np.float64)
    tx, ty = way[:, 0] / way[:, 2] + q[:, _DTX], way[:, 1] / way[:, 2] + q[:, _DTY]
    pz = (particles.p + q[:, _DP]) / np.sqrt(1 + tx**2 + ty**2)
    shift = np.stack([q[:, _DX], q[:, _DY], np.zeros(len(q))], axis=1)
    return np.stack([tx * pz, ty * pz, pz], axis=1), particles.origin + shift


def width(masses: Array) -> tuple[float, float]:
    """Middle and half of the central 68.3% of the masses within `PEAK`, in GeV."""
    inside = masses[(masses > PEAK[0]) & (masses < PEAK[1])]
    if not len(inside):
        return float("nan"), float("nan")
    low, middle, high = np.quantile(inside, [0.1585, 0.5, 0.8415])
    return float(middle), float((high - low) / 2)


def _four(way: Array, mass: float) -> Array:
    return np.column_stack([way, np.sqrt((way**2).sum(axis=1) + mass**2)])
