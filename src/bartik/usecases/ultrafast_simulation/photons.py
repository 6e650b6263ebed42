"""Photons at the calorimeter, each with those around it, and what the full toy makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import SPLITS, Array, Arrays, Config, ConfigError, Split
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.record import EventSample
from bartik.simulation.response import clusters

SLOTS = 8
"""Photons that the model sees: one, and the nearest of its event."""
REACH = 6.0
"""Cells, of the size where the one is, within which others are near: two showers share cells up to five cells apart."""
_EVENTS_OF = {"train": 3 * 10**8, "validation": 4 * 10**8, "test": 5 * 10**8}
_PER_EVENT = 60
_MOST = 10**8
_CELLS = np.array([zone.cell for zone in clusters.ZONES])


@dataclass(frozen=True)
class Photons:
    """Photons that leave energy, event by event: x, y in mm at the calorimeter and energy in GeV [photons, 3]; their events [photons]."""

    at: npt.NDArray[np.float64]
    event: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of photons."""
        return len(self.event)

    @property
    def cell(self) -> npt.NDArray[np.float64]:
        """Sizes of the cells where they are, in mm."""
        return _CELLS[clusters.zone_of(self.at[:, 0], self.at[:, 1])]


def photons_of(sample: EventSample) -> tuple[Photons, Array]:
    """Final photons of a sample that leave energy in the calorimeter, and their rows in it."""
    rows, origin, momentum, event = _final(sample)
    photons, chosen = at_calorimeter(origin, momentum, event)
    return photons, rows[chosen]


def at_calorimeter(origin: Array, momentum: Array, event: Array) -> tuple[Photons, Array]:
    """Those photons from ``origin`` (mm) with ``momentum`` (GeV) [photons, 3] that leave energy, and which these are."""
    place = clusters.at_face(origin, momentum)
    energy = np.sqrt((momentum * momentum).sum(axis=1))
    chosen = np.flatnonzero(clusters.leaves_energy(place[:, 0], place[:, 1], energy))
    return Photons(np.column_stack([place, energy])[chosen], np.asarray(event, np.int64)[chosen]), chosen


def windows(photons: Photons) -> npt.NDArray[np.float32]:
    """Columns x, y, energy [photons, `SLOTS`, 3] of those within `REACH` of each, from the farthest to the nearest, itself last.

    Of more than fit the nearest are kept; free places come first and are 0.
    """
    found = np.zeros((len(photons), SLOTS, 3), np.float32)
    starts = np.flatnonzero(np.diff(photons.event, prepend=-1))
    cell = photons.cell
    for start, stop in zip(starts, [*starts[1:], len(photons)], strict=True):
        at = photons.at[start:stop]
        dx, dy = (at[np.newaxis, :, axis] - at[:, np.newaxis, axis] for axis in (0, 1))
        square = dx * dx + dy * dy
        np.fill_diagonal(square, -1.0)
        order = np.argsort(square, axis=1, kind="stable")[:, :SLOTS][:, ::-1]
        near = np.take_along_axis(square, order, 1) < np.square(REACH * cell[start:stop])[:, np.newaxis]
        found[start:stop, SLOTS - order.shape[1] :] = np.where(near[:, :, np.newaxis], at[order], 0.0)
    return found


def full_toy_objects(rng: np.random.Generator, photons: Photons) -> Arrays:
    """``kind`` [photons]: 1 where a photon leads a cluster, 2 where that is merged, or 0; ``object`` [photons, 3] x, y, energy, or NaN."""
    x, y, energy = photons.at.T
    found = clusters.clusters(rng, x, y, energy, photons.event)
    kind, table = np.zeros(len(photons), np.int32), np.full((len(photons), 3), np.nan)
    kind[found.photon] = 1 + found.merged
    table[found.photon] = np.stack([found.x, found.y, found.energy], axis=1)
    return {"kind": kind, "object": table}


def photons_taught(split: Split, config: Config, rows: int) -> tuple[Photons, Array]:
    """Whole events of photons, about ``rows`` of them, and the number of the π⁰ that each is from, or -1.

    They are those of parametric collisions, each ``data.repeat`` times, turned around the beam.
    """
    if not 1 <= rows <= _MOST:
        raise ConfigError(f"data.rows: wanted 1 or more, got {config.data.rows}")
    events = max(3, -(-rows // (_PER_EVENT * config.data.repeat)))
    order = Order("minbias", conditions_of(config.data.conditions), config.data.seed, "parametric")
    sample = make_events(order, events, first=_EVENTS_OF[split], progress=lambda _: None)
    row, origin, momentum, event = _final(sample)
    mother = sample.mothers[row]
    of_pion = (mother >= 0) & (sample.particles["pdg"][mother] == 111)
    turns = np.random.default_rng([config.data.seed, SPLITS.index(split), 9]).uniform(-np.pi, np.pi, (config.data.repeat, events))
    found, mothers = [], []
    for number, angle in enumerate(turns):
        photons, chosen = at_calorimeter(_turned(origin, angle[event]), _turned(momentum, angle[event]), event + number * events)
        found.append(photons)
        mothers.append(np.where(of_pion[chosen], mother[chosen] + number * len(sample.mothers), -1))
    joined = Photons(*(np.concatenate([getattr(part, name) for part in found]) for name in ("at", "event")))
    return joined, np.concatenate(mothers)


def _final(sample: EventSample) -> tuple[Array, Array, Array, Array]:
    rows = np.flatnonzero(sample.particles["final"] & (sample.particles["pdg"] == 22))
    origin, momentum = (np.stack([sample.particles[name][rows] for name in names], axis=1) for names in ("xyz", ("px", "py", "pz")))
    return rows, origin.astype(float), momentum.astype(float), np.searchsorted(sample.particle_offsets, rows, side="right") - 1


def _turned(vectors: Array, angle: Array) -> npt.NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([cosine * vectors[:, 0] - sine * vectors[:, 1], sine * vectors[:, 0] + cosine * vectors[:, 1], vectors[:, 2]], axis=1)
