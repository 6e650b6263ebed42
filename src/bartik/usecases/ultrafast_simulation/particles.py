"""Charged particles that the chain takes: which, with what columns, and those to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import SPLITS, Array, Arrays, Config, ConfigError, Split
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.record import EventSample
from bartik.simulation.response.detector import SPECIES
from bartik.simulation.response.tracking import SLOWEST, charged_in_acceptance

NUMBERS = np.array(list(SPECIES))
"""Electron, muon, pion, kaon, proton: the species the chain knows, by absolute number."""
WIDEST, LAST = 0.5, 2485.0
"""Largest pT / pz, and z in mm of the first tracker behind the vertex locator: what is wider or made later, what goes backward, and what is
slower than `SLOWEST` is outside of what the chain was taught."""
_EVENTS_OF = {"train": 0, "validation": 10**8, "test": 2 * 10**8}
_PER_EVENT = 150
_MOST_EVENTS = 100_000


@dataclass(frozen=True)
class Particles:
    """Charged particles: origins [rows, 3] in mm, momenta [rows, 3] in GeV, numbers, and charged particles of their events."""

    origin: npt.NDArray[np.float64]
    momentum: npt.NDArray[np.float64]
    pdg: npt.NDArray[np.int64]
    charged: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Number of particles."""
        return len(self.pdg)

    def take(self, rows: Array) -> Particles:
        """Some of them."""
        return Particles(self.origin[rows], self.momentum[rows], self.pdg[rows], self.charged[rows])

    @property
    def charge(self) -> npt.NDArray[np.float64]:
        """Charge: leptons of positive number are negative."""
        return np.where(np.abs(self.pdg) < 100, -1.0, 1.0) * np.sign(self.pdg)

    @property
    def p(self) -> npt.NDArray[np.float64]:
        """Momenta in GeV."""
        return np.asarray(np.sqrt(self.momentum[:, 0] ** 2 + self.momentum[:, 1] ** 2 + self.momentum[:, 2] ** 2))

    @property
    def theta(self) -> npt.NDArray[np.float64]:
        """Angles to the beam in radians."""
        return np.arctan2(np.hypot(self.momentum[:, 0], self.momentum[:, 1]), self.momentum[:, 2])

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whether the chain knows the species."""
        return np.isin(np.abs(self.pdg), NUMBERS)

    @property
    def within(self) -> npt.NDArray[np.bool_]:
        """Whether they are of a known species and in the range that the chain was taught."""
        way = self.momentum
        pt = np.sqrt(way[:, 0] ** 2 + way[:, 1] ** 2)
        return np.asarray(self.known & (self.p > SLOWEST) & (way[:, 2] > 0) & (pt < WIDEST * way[:, 2]) & (self.origin[:, 2] < LAST))


def track_features(particles: Particles) -> npt.NDArray[np.float32]:
    """Columns of `columns.PARTICLE` [rows, 11]."""
    way, number = particles.momentum, np.abs(particles.pdg)
    kinds = [number == 11, number == 13, number > 100]
    columns = [*particles.origin.T, particles.p, way[:, 0] / way[:, 2], way[:, 1] / way[:, 2], *kinds, particles.charge, particles.charged]
    return np.column_stack(columns).astype(np.float32)


def identity_features(particles: Particles) -> npt.NDArray[np.float32]:
    """Columns of `columns.IDENTITY` [rows, 9]."""
    pt = np.hypot(particles.momentum[:, 0], particles.momentum[:, 1])
    eta = np.log((particles.p + particles.momentum[:, 2]) / np.maximum(pt, 1e-9))
    kinds = [np.abs(particles.pdg) == number for number in NUMBERS]
    return np.column_stack([particles.p, eta, particles.charged, particles.charge, *kinds]).astype(np.float32)


def with_class(features: Array, kind: Array) -> npt.NDArray[np.float32]:
    """Columns of `columns.TRACK` [rows, 14]."""
    return np.concatenate([features, np.eye(4, dtype=np.float32)[kind][:, 1:]], axis=1)


def charged_of(sample: EventSample) -> tuple[Particles, Array, Array]:
    """Final charged particles of a sample, their rows in it and their events."""
    rows = np.flatnonzero(sample.particles["final"] & (sample.particles["charge"] != 0))
    event = np.searchsorted(sample.particle_offsets, rows, side="right") - 1
    origin, way = (np.stack([sample.particles[name][rows] for name in names], axis=1) for names in ("xyz", ("px", "py", "pz")))
    counts = charged_in_acceptance(way, sample.particles["charge"][rows], event, len(sample))
    pdg = sample.particles["pdg"][rows].astype(np.int64)
    return Particles(origin.astype(float), way.astype(float), pdg, counts[event].astype(float)), rows, event


def taught(split: Split, config: Config, rows: int) -> Particles:
    """Particles of parametric collisions, each several times: turned around the beam and as a species drawn anew, all as often.

    Rates of species and their momenta are then no part of what is learnt.
    """
    if not 1 <= config.data.rows <= _MOST_EVENTS * _PER_EVENT:
        raise ConfigError(f"data.rows: wanted 1 or more, got {config.data.rows}")
    events = max(3, -(-rows // (_PER_EVENT * config.data.repeat)))
    order = Order("minbias", conditions_of(config.data.conditions), config.data.seed, "parametric")
    found, _, _ = charged_of(make_events(order, events, first=_EVENTS_OF[split], progress=_silent))
    rng = np.random.default_rng([config.data.seed, SPLITS.index(split), 7])
    found = drawn_anew(rng, found.take(np.tile(np.flatnonzero(found.within), config.data.repeat)))
    return found.take(rng.permutation(len(found))[:rows])


def drawn_anew(rng: np.random.Generator, particles: Particles) -> Particles:
    """Turned around the beam, each as a species drawn anew."""
    angle = rng.uniform(-np.pi, np.pi, len(particles))
    pdg = rng.choice(NUMBERS, len(particles)) * rng.choice([-1, 1], len(particles))
    return Particles(_turned(particles.origin, angle), _turned(particles.momentum, angle), pdg, particles.charged)


def _turned(vectors: Array, angle: Array) -> npt.NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([cosine * vectors[:, 0] - sine * vectors[:, 1], sine * vectors[:, 0] + cosine * vectors[:, 1], vectors[:, 2]], axis=1)


def _silent(_: str) -> None:
    """Nothing is said of how far it is."""


def spectators(split: Split, rows: int) -> Arrays:
    """Numbers that tell the rows of all splits apart."""
    return {"event": 10**9 * SPLITS.index(split) + np.arange(rows)}
