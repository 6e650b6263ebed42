"""Where charged particles in the vertex locator come from: collisions, decays in flight, photon conversions, interactions in material."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from bartik.core import Array
from bartik.simulation.velo_geometry import MODULE_Z

PION, ELECTRON = 211, 11
_MASS = {PION: 0.1396, ELECTRON: 0.000511}  # GeV


@dataclass(frozen=True)
class VeloConditions:
    """Beam, collisions, detector response; the defaults give the occupancy of Run 3 minimum bias at 5.6 visible collisions."""

    collisions: float = 5.6
    """Visible collisions per event, mean of a Poisson distribution."""
    beam_spot: tuple[float, float, float] = (0.04, 0.04, 63.0)
    """Gaussian spread of collisions along x, y, z in mm."""
    tracks: float = 80.0
    """Charged particles per collision with |η| < 6.5, mean of a negative binomial distribution."""
    tracks_shape: float = 1.1
    """Its shape; small for large fluctuations."""
    strange: float = 0.03
    """Decays in flight into two charged particles, per primary particle."""
    conversions: float = 0.055
    """Photons that convert to e+e- in the foil or a module, per primary particle."""
    interactions: float = 0.17
    """Soft particles knocked out of foil or modules, a third of them electrons, per primary particle."""
    efficiency: float = 0.99
    """Probability of a sensor to see a particle that crosses it."""
    noise: float = 0.03
    """Hits of no particle, per hit of a particle: spill-over, low-energy electrons, electronics."""


@dataclass(frozen=True)
class Particles:
    """One entry a particle: origin in mm, slopes dx/dz and dy/dz, sense of flight along z, momentum in GeV, type, from strange decay."""

    x: Array
    y: Array
    z: Array
    tx: Array
    ty: Array
    sense: Array
    p: Array
    pid: Array
    strange: Array

    def __len__(self) -> int:
        """Number of particles."""
        return len(self.x)

    @property
    def beta(self) -> Array:
        """Velocity over that of light."""
        mass = np.where(np.abs(self.pid) == ELECTRON, _MASS[ELECTRON], _MASS[PION])
        return np.asarray(self.p / np.hypot(self.p, mass))


def draw_particles(rng: np.random.Generator, conditions: VeloConditions) -> Particles:
    """All charged particles of one event."""
    primary = _primaries(rng, conditions)
    parts = [primary, _decays(rng, conditions, primary), _conversions(rng, conditions, primary), _interactions(rng, conditions, primary)]
    return Particles(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Particles)))


def _primaries(rng: np.random.Generator, conditions: VeloConditions) -> Particles:
    collisions = int(rng.poisson(conditions.collisions))
    shape = conditions.tracks_shape
    sizes = rng.negative_binomial(shape, shape / (shape + conditions.tracks), collisions)
    vertices = np.repeat(rng.normal(0, conditions.beam_spot, (collisions, 3)), sizes, axis=0)
    count = len(vertices)
    eta, pt = rng.uniform(-6.5, 6.5, count), rng.gamma(1.7, 0.24, count)
    return _flying(rng, vertices, eta, pt, rng.choice([-PION, PION], count), strange=False)


def _decays(rng: np.random.Generator, conditions: VeloConditions, primary: Particles) -> Particles:
    """Neutral strange hadrons: two pions from a point an exponential flight of about 40 mm away, momenta shared, small opening angle."""
    mother = _some(rng, primary, conditions.strange)
    flight = rng.exponential(10 + 15 * mother.p)
    where = _along(mother, flight)
    return _pairs(rng, mother, where, 0.2 / mother.p, PION, strange=True)


def _conversions(rng: np.random.Generator, conditions: VeloConditions, primary: Particles) -> Particles:
    """Photons flying like charged particles, softer; the pair opens by a few mrad at 1 GeV, so that its first hits coincide."""
    photon = _some(rng, primary, conditions.conversions)
    radius = np.where(rng.random(len(photon)) < 0.5, rng.normal(5, 0.7, len(photon)), rng.uniform(5.1, 30, len(photon)))
    where = _along(photon, radius / np.maximum(_sine(photon), 5e-3))
    return _pairs(rng, photon, where, 2e-3 / photon.p, ELECTRON, strange=False)


def _interactions(rng: np.random.Generator, conditions: VeloConditions, primary: Particles) -> Particles:
    """Soft particles at large angles from a module that a primary particle crosses; a third are electrons."""
    mother = _some(rng, primary, conditions.interactions)
    plane = MODULE_Z[rng.integers(0, len(MODULE_Z), len(mother))]
    reach = np.clip((plane - mother.z) * mother.sense, 5, 300)
    where = _along(mother, reach * np.sqrt(1 + mother.tx**2 + mother.ty**2))
    eta = rng.normal(0, 1.2, len(mother)) + 1.5 * mother.sense
    kind = rng.choice([-PION, PION, ELECTRON], len(mother))
    return _flying(rng, where, eta, rng.gamma(1.5, 0.15, len(mother)), kind, strange=False)


def _flying(rng: np.random.Generator, origin: Array, eta: Array, pt: Array, pid: Array, *, strange: bool) -> Particles:
    phi = rng.uniform(-np.pi, np.pi, len(eta))
    slope = 1 / np.sinh(np.where(np.abs(eta) < 1e-2, 1e-2, eta))
    x, y, z = origin.T
    label = np.full(len(eta), float(strange))
    return Particles(x, y, z, slope * np.cos(phi), slope * np.sin(phi), np.sign(slope), pt * np.cosh(eta), pid, label)


def _some(rng: np.random.Generator, particles: Particles, share: float) -> Particles:
    chosen = rng.integers(0, max(len(particles), 1), rng.poisson(share * len(particles)))
    return Particles(*(getattr(particles, field.name)[chosen] for field in fields(Particles)))


def _sine(particles: Particles) -> Array:
    slope2 = particles.tx**2 + particles.ty**2
    return np.asarray(np.sqrt(slope2 / (1 + slope2)))


def _along(particles: Particles, distance: Array) -> Array:
    """Points [particles, 3] a ``distance`` in mm along the flight."""
    step = distance * particles.sense / np.sqrt(1 + particles.tx**2 + particles.ty**2)
    return np.stack([particles.x + particles.tx * step, particles.y + particles.ty * step, particles.z + step], axis=1)


def _pairs(rng: np.random.Generator, mother: Particles, where: Array, opening: Array, pid: int, *, strange: bool) -> Particles:
    share, phi = rng.uniform(0.1, 0.9, len(mother)), rng.uniform(-np.pi, np.pi, len(mother))
    stretch = (1 + mother.tx**2 + mother.ty**2) * np.abs(opening) * rng.exponential(1, len(mother))
    both = []
    for charge, part in ((1, share), (-1, 1 - share)):
        tx = mother.tx + charge * (1 - part) * stretch * np.cos(phi)
        ty = mother.ty + charge * (1 - part) * stretch * np.sin(phi)
        label = np.full(len(mother), -charge * pid if pid == ELECTRON else charge * pid)
        both.append((*where.T, tx, ty, mother.sense, part * mother.p, label, np.full(len(mother), float(strange))))
    return Particles(*(np.concatenate(pair) for pair in zip(*both, strict=True)))
