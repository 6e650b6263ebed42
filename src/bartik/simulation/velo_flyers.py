"""What flies through the vertex locator: particles as straight lines with a place of birth and, for some, of death."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.counters import Keys, within
from bartik.simulation.record import EventSample, Indices, decay_vertices

Flags = npt.NDArray[np.bool_]
ELECTRON, MUON, PHOTON, PION, PROTON = 11, 13, 22, 211, 2212
MASS = {ELECTRON: 0.000511, PION: 0.13957, PROTON: 0.93827}
"""GeV (PDG)."""
FROM_COLLISION, CONVERSION, INTERACTION, KNOCKED_ON = range(4)
"""Processes that make particles."""
_NEUTRAL = (PHOTON, 130, 2112)  # those that live long enough to make others in the material
STEEPEST = 5.0
"""Slope; what flies steeper crosses one plane of sensors at most."""
_SOFTEST_PHOTON = 0.005  # GeV
_FURTHEST = 800.0  # mm along the beam
_SHORTEST = 3.0  # mm from the beam, where decayed particles must have come to


@dataclass(frozen=True)
class Flyers:
    """One entry a particle [particles]: birth in mm, slopes, momentum and mass in GeV.

    ``event`` counts within the sample, ``particle`` within the event (-1: born in material); ``ancestor`` is the particle of the record it
    comes from, itself for those of the record. ``sense`` is that of the flight along z; ``end`` is z in mm where it decays, or infinite.
    """

    event: Indices
    key: Keys
    particle: Indices
    ancestor: Indices
    process: Indices
    pdg: Indices
    charge: Array
    mass: Array
    p: Array
    x: Array
    y: Array
    z: Array
    tx: Array
    ty: Array
    sense: Array
    end: Array

    def __len__(self) -> int:
        """Number of particles."""
        return len(self.event)

    @property
    def stretch(self) -> Array:
        """Length of the path over its length along z."""
        return np.asarray(np.sqrt(1 + self.tx**2 + self.ty**2))

    @property
    def momentum(self) -> Array:
        """Momentum [particles, 3] in GeV."""
        along = self.sense * self.p / self.stretch
        return np.stack([self.tx * along, self.ty * along, along], axis=1)

    def chosen(self, rows: Array) -> Flyers:
        """Those of ``rows``, numbers or a mask."""
        return Flyers(*(getattr(self, field.name)[rows] for field in fields(Flyers)))


def together(parts: Sequence[Flyers]) -> Flyers:
    """Particles one behind the other."""
    return Flyers(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Flyers)))


def flyers_of(sample: EventSample, keys: Keys) -> Flyers:
    """The charged particles, photons and long-lived neutral hadrons of all events that can reach a sensor.

    Charged ones that decay fly from their production to their decay vertex; ``keys`` [events] are of their events.
    """
    ends, particles = decay_vertices(sample), sample.particles
    rows = np.flatnonzero(_reaching(sample, ends))
    event = np.repeat(np.arange(len(sample)), np.diff(sample.particle_offsets))[rows]
    number = rows - sample.particle_offsets[event]
    momentum = np.stack([particles[name][rows] for name in ("px", "py", "pz")], axis=1)
    end = np.where(np.isnan(ends[rows, 2]), np.where(momentum[:, 2] < 0, -np.inf, np.inf), ends[rows, 2])
    vertex = [particles[axis][rows] for axis in "xyz"]
    process = np.full(len(rows), FROM_COLLISION)
    heads = (event, within(keys[event], number), number, number, process, particles["pdg"][rows].astype(np.int64))
    square = particles["e"][rows] ** 2 - (momentum**2).sum(axis=1)
    return _flyers(heads, particles["charge"][rows], np.sqrt(np.maximum(square, 0)), momentum, vertex, end)


def born(mothers: Flyers, key: Keys, process: int, pdg: Array, momentum: Array, vertex: Array) -> Flyers:
    """Particles that ``mothers`` [particles] made in material, with ``momentum`` [particles, 3] at ``vertex`` [particles, 3]."""
    kind = np.abs(pdg)
    charge = np.where(kind == ELECTRON, -np.sign(pdg), np.sign(pdg)) * (kind != PHOTON)
    mass = np.select([kind == number for number in MASS], list(MASS.values()), 0.0)
    heads = (mothers.event, key, np.full(len(pdg), -1), mothers.ancestor, np.full(len(pdg), process), np.asarray(pdg, np.int64))
    made = _flyers(heads, charge, mass, momentum, list(vertex.T), np.where(momentum[:, 2] < 0, -np.inf, np.inf))
    return made.chosen((made.stretch < STEEPEST) & (made.p > 0))


def _flyers(heads: tuple[Array, ...], charge: Array, mass: Array, momentum: Array, vertex: list[Array], end: Array) -> Flyers:
    along = np.where(momentum[:, 2] == 0, 1e-9, momentum[:, 2])
    slopes = momentum[:, 0] / along, momentum[:, 1] / along
    p = np.sqrt((momentum**2).sum(axis=1))
    columns = (*heads, np.asarray(charge, np.float64), mass, p, *vertex, *slopes, np.where(along < 0, -1.0, 1.0), end)
    return Flyers(**{field.name: column for field, column in zip(fields(Flyers), columns, strict=True)})


def _reaching(sample: EventSample, ends: Array) -> Flags:
    """Which particles of the record may cross a sensor or convert before one."""
    particles = sample.particles
    neutral = np.isin(np.abs(particles["pdg"]), _NEUTRAL) & particles["final"] & (particles["e"] > _SOFTEST_PHOTON)
    lives = particles["final"] | (np.hypot(ends[:, 0], ends[:, 1]) > _SHORTEST)
    steep = sample.pt > STEEPEST * np.abs(particles["pz"])
    gone = particles["z"] * np.sign(particles["pz"]) > _FURTHEST
    inside = np.hypot(particles["x"], particles["y"]) < 60
    return np.asarray(((particles["charge"] != 0) | neutral) & lives & ~steep & ~gone & inside)
