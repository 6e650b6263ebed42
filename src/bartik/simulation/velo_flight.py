"""Straight flight through the planes of the vertex locator, with multiple scattering, energy loss, and an end in the material for some.

Scattering: G. R. Lynch, O. I. Dahl, NIM B58 (1991) 6 (Highland's formula); 6% of the angles come from a tail that falls with the third
power, as single scattering has it (PV-Finder's generator, arXiv:1906.08306). Energy loss: that of minimum ionising particles times
β^(-5/3).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from bartik.core import Array
from bartik.simulation.counters import normal, uniform, within
from bartik.simulation.record import Indices
from bartik.simulation.velo_detector import FOIL_MATERIAL, FOIL_RADIUS, FOIL_STEEPEST, MODULE_MATERIAL, STEEPEST, Detector, planes
from bartik.simulation.velo_flyers import ELECTRON, MUON, PHOTON, Flyers
from bartik.simulation.velo_geometry import SENSOR_Z, inside

LOSS = 0.035
"""GeV that a minimum ionising particle leaves in one radiation length of silicon (PDG: 1.66 MeV cm2/g, 21.8 g/cm2)."""
_TAIL, _TAIL_START, _WIDEST = 0.06, 1.5, 1.5  # share of angles in the tail, where it begins in widths, largest angle in rad
_TURNED = 0.003  # GeV; electrons below are turned about in a module and do not get to the next
_OUT = 60.0  # mm from the beam; nothing comes back from there
_CONVERT, _INTERACT = (
    9 / 7,
    {True: 4.96, False: 4.96 * 1.3},
)  # mean radiation lengths to conversion, and of baryons and mesons to interaction
_FOIL = 1000  # for the keys of random numbers: not the number of a plane


@dataclass(frozen=True)
class Crossings:
    """One entry a crossing of a sensor (its number) or of the foil (-1): row of the particle, place in mm, slopes, momentum in GeV.

    ``material`` in radiation lengths along the path; ``last``: the particle ended in it; ``plane`` tells the crossings of a particle apart.
    """

    flyer: Indices
    plane: Indices
    sensor: Indices
    x: Array
    y: Array
    z: Array
    tx: Array
    ty: Array
    p: Array
    material: Array
    last: Array

    def __len__(self) -> int:
        """Number of crossings."""
        return len(self.flyer)

    def chosen(self, rows: Array) -> Crossings:
        """Those of ``rows``, numbers or a mask."""
        return Crossings(*(getattr(self, field.name)[rows] for field in fields(Crossings)))


def fly(flyers: Flyers, detector: Detector) -> Crossings:
    """All crossings of all particles, in the order of planes; those that fly backward behind the others."""
    flight = _Flight(flyers, detector)
    for sense in (1, -1):
        for plane, pair in enumerate(planes(sense)):
            flight.step(sense, plane, pair)
    parts = [Crossings(*columns) for columns in flight.found]
    return Crossings(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Crossings)))


def reaches(flyers: Flyers) -> Array:
    """Radiation lengths [particles] until each converts or interacts, drawn once for its whole flight; infinite for leptons."""
    baryon = (np.abs(flyers.pdg) > 1000) & (np.abs(flyers.pdg) < 10_000)
    mean = np.where(baryon, _INTERACT[True], _INTERACT[False])
    mean = np.where(flyers.pdg == PHOTON, _CONVERT, mean)
    lepton = np.isin(np.abs(flyers.pdg), (ELECTRON, MUON))
    return np.where(lepton, np.inf, -np.log(uniform(flyers.key, 1)) * mean)


class _Flight:
    """Where the particles are on their way."""

    def __init__(self, flyers: Flyers, detector: Detector) -> None:
        self.flyers, self.detector = flyers, detector
        self.x, self.y, self.z, self.tx, self.ty, self.p = (getattr(flyers, n).copy() for n in ("x", "y", "z", "tx", "ty", "p"))
        self.left, self.rows = reaches(flyers), {sense: np.flatnonzero(flyers.sense == sense) for sense in (1, -1)}
        self.found: list[tuple[Array, ...]] = [
            (*(np.zeros(0, np.int64) for _ in range(3)), *(np.zeros(0) for _ in range(7)), np.zeros(0, bool)),
        ]

    def step(self, sense: int, plane: int, pair: Indices) -> None:
        """Bring those that fly along ``sense`` to the next plane, ``pair`` of sensors, through the foil if it is on the way."""
        z, rows = SENSOR_Z[pair[0]], self.rows[sense]
        if not len(rows):
            return
        here = rows[(z - self.z[rows]) * sense > 0]
        self._foil(here, z, sense * (plane + _FOIL))
        ended = ((self.flyers.end[here] - z) * sense <= 0) | (self.left[here] <= 0)
        self.left[here[ended]] = 0
        here = here[~ended]
        self._move(here, z - self.z[here])
        self._sensors(here, pair, sense * (plane + 1))
        self.left[here[self._radius(here) > _OUT]] = 0
        self.rows[sense] = rows[self.left[rows] > 0]

    def _foil(self, here: Indices, z: float, plane: int) -> None:
        before, after = self._radius(here), self._radius(here, z - self.z[here])
        through = (before < FOIL_RADIUS) & (after >= FOIL_RADIUS)
        here, before, after = here[through], before[through], after[through]
        step = (z - self.z[here]) * (FOIL_RADIUS - before) / (after - before)
        lives = (self.flyers.end[here] - self.z[here] - step) * np.sign(plane) > 0
        here = here[lives]
        self._move(here, step[lives])
        sine = np.hypot(self.tx[here], self.ty[here]) / np.sqrt(1 + self.tx[here] ** 2 + self.ty[here] ** 2)
        self._material(here, np.full(len(here), -1), plane, FOIL_MATERIAL / np.maximum(sine, 1 / FOIL_STEEPEST))

    def _sensors(self, here: Indices, pair: Indices, plane: int) -> None:
        shift = self.detector.shift[pair]
        margin = inside(self.x[here, np.newaxis] - shift[:, 0], self.y[here, np.newaxis] - shift[:, 1], pair)
        crossed = margin.max(axis=1, initial=-np.inf) > 0
        here, sensor = here[crossed], pair[margin[crossed].argmax(axis=1)]
        stretch = np.sqrt(1 + self.tx[here] ** 2 + self.ty[here] ** 2)
        self._material(here, sensor, plane, MODULE_MATERIAL * np.minimum(stretch, STEEPEST))

    def _move(self, here: Indices, step: Array) -> None:
        self.x[here] += self.tx[here] * step
        self.y[here] += self.ty[here] * step
        self.z[here] += step

    def _radius(self, rows: Indices, step: Array | float = 0.0) -> Array:
        """Distance from the beam, or from the middle of the half of an open detector, a ``step`` further along z."""
        x = np.abs(self.x[rows] + self.tx[rows] * step) - self.detector.gap / 2
        return np.asarray(np.hypot(np.maximum(x, 0), self.y[rows] + self.ty[rows] * step))

    def _material(self, here: Indices, sensor: Indices, plane: int, material: Array) -> None:
        """Record the crossings, scatter, and lose energy; nothing of it for photons but the chance to convert."""
        self.left[here] -= material
        state = (column[here] for column in (self.x, self.y, self.z, self.tx, self.ty, self.p))
        found = (here, np.full(len(here), plane), sensor, *state, material, self.left[here] <= 0)
        self.found.append(tuple(column.copy() for column in found))
        charged = self.flyers.charge[here] != 0
        self._scatter(here[charged], material[charged], plane)
        self._lose(here[charged], material[charged])

    def _scatter(self, here: Indices, material: Array, plane: int) -> None:
        p, mass = self.p[here], self.flyers.mass[here]
        width = 0.0136 * np.hypot(p, mass) / p**2 * np.sqrt(material) * (1 + 0.038 * np.log(material))
        keys = within(self.flyers.key[here], plane)
        square = 1 + self.tx[here] ** 2 + self.ty[here] ** 2
        for slope, kick in zip((self.tx, self.ty), _angles(keys), strict=True):
            slope[here] += np.clip(width * kick, -_WIDEST, _WIDEST) * square

    def _lose(self, here: Indices, material: Array) -> None:
        p, mass = self.p[here], self.flyers.mass[here]
        energy = np.hypot(p, mass)
        left = energy - LOSS * material * (energy / p) ** (5 / 3)
        self.p[here] = np.sqrt(np.maximum(left**2 - mass**2, 0)) * (left > mass)
        soft = (np.abs(self.flyers.pdg[here]) == ELECTRON) & (self.p[here] < _TURNED)
        self.left[here[(self.p[here] <= 0) | soft]] = 0


def _angles(keys: Array) -> tuple[Array, Array]:
    """Scattering angles along x and y in units of Highland's width."""
    core, tail = normal(keys, 1), uniform(keys, 2) < _TAIL
    size = _TAIL_START / np.sqrt(uniform(keys, 3))
    phi = 2 * np.pi * uniform(keys, 4)
    return np.where(tail, size * np.cos(phi), core[0]), np.where(tail, size * np.sin(phi), core[1])
