"""The record of simulated events: collisions and particles with their mothers, as columns with offsets.

Positions are in mm, times in ns, momenta and energies in GeV, charges in units of that of the proton, particle numbers those of the
Particle Data Group. Indices of collisions and mothers count within an event; -1 is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, DataError
from bartik.core.digest import digest_arrays
from bartik.simulation.velo_record import VeloRecord, joined_records

Indices = npt.NDArray[np.int64]
COLLISIONS: Mapping[str, str] = {"x": "f8", "y": "f8", "z": "f8", "t": "f8"}
PARTICLES: Mapping[str, str] = {
    "pdg": "i4", "mother": "i4", "collision": "i4", "final": "?", "charge": "f4",
    "x": "f8", "y": "f8", "z": "f8", "t": "f8", "px": "f8", "py": "f8", "pz": "f8", "e": "f8",
}  # fmt: skip
"""Columns and their types. ``final`` particles live until the end of the generator, the others decayed where their daughters begin."""


@dataclass(frozen=True)
class EventSample:
    """Events one behind the other: those of event k are rows ``offsets[k]`` to ``offsets[k + 1]`` of the columns.

    ``about`` says how they were made: sample, conditions, seed, number of the first event, generator.
    """

    collisions: Arrays
    collision_offsets: Indices
    particles: Arrays
    particle_offsets: Indices
    about: Mapping[str, str] = field(default_factory=dict)
    velo: VeloRecord | None = None
    """Hits in the vertex locator, where they were simulated."""

    def __post_init__(self) -> None:
        """`DataError` for columns that are missing, of other lengths, or point outside of their event."""
        _check("collisions", self.collisions, COLLISIONS, self.collision_offsets)
        _check("particles", self.particles, PARTICLES, self.particle_offsets)
        if len(self.collision_offsets) != len(self.particle_offsets):
            raise DataError("collisions and particles are of different numbers of events", hint="the file is damaged")
        if self.velo is not None and len(self.velo) != len(self):
            raise DataError("hits and particles are of different numbers of events", hint="the file is damaged")
        _check_index("mother", self.particles["mother"], self.particle_offsets, self.particle_offsets)
        _check_index("collision", self.particles["collision"], self.particle_offsets, self.collision_offsets)

    def __len__(self) -> int:
        """Number of events."""
        return len(self.collision_offsets) - 1

    @property
    def digest(self) -> str:
        """SHA-256 of all columns and offsets."""
        return digest_arrays(self.to_arrays())

    def event(self, number: int) -> EventSample:
        """One event."""
        return self.between(number, number + 1)

    def between(self, start: int, stop: int) -> EventSample:
        """Some events in a row."""
        collisions, collision_offsets = _cut(self.collisions, self.collision_offsets, start, stop)
        particles, particle_offsets = _cut(self.particles, self.particle_offsets, start, stop)
        velo = None if self.velo is None else self.velo.between(start, stop)
        return EventSample(collisions, collision_offsets, particles, particle_offsets, self.about, velo)

    @property
    def mothers(self) -> Indices:
        """Row of each particle's mother in the whole sample, -1 for none."""
        starts = np.repeat(self.particle_offsets[:-1], np.diff(self.particle_offsets))
        return np.where(self.particles["mother"] >= 0, self.particles["mother"] + starts, -1)

    @property
    def pt(self) -> Array:
        """Transverse momentum [particles] in GeV."""
        return np.hypot(self.particles["px"], self.particles["py"])

    @property
    def eta(self) -> Array:
        """Pseudorapidity [particles]."""
        return np.arcsinh(self.particles["pz"] / np.maximum(self.pt, 1e-12))

    def to_arrays(self) -> Arrays:
        """Flat arrays ``collision.*``, ``particle.*``, with hits also ``hit.*``, ``seen.*``, ``link.*``, and ``collision_offsets`` ..."""
        arrays: Arrays = {f"collision.{name}": values for name, values in self.collisions.items()}
        arrays |= {f"particle.{name}": values for name, values in self.particles.items()}
        arrays |= {"collision_offsets": self.collision_offsets, "particle_offsets": self.particle_offsets}
        return arrays if self.velo is None else arrays | self.velo.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], about: Mapping[str, str]) -> EventSample:
        """Inverse of `to_arrays`; `DataError` names what is missing."""
        wanted = [*(f"collision.{name}" for name in COLLISIONS), *(f"particle.{name}" for name in PARTICLES)]
        missing = [name for name in (*wanted, "collision_offsets", "particle_offsets") if name not in arrays]
        if missing:
            raise DataError(f"not a record of simulated events: no {', '.join(missing[:4])}", hint="bartik generate writes such files")
        collisions = {name: np.asarray(arrays[f"collision.{name}"], dtype) for name, dtype in COLLISIONS.items()}
        particles = {name: np.asarray(arrays[f"particle.{name}"], dtype) for name, dtype in PARTICLES.items()}
        offsets = [np.asarray(arrays[name], np.int64) for name in ("collision_offsets", "particle_offsets")]
        return cls(collisions, offsets[0], particles, offsets[1], dict(about), VeloRecord.from_arrays(arrays))


def joined(samples: Sequence[EventSample]) -> EventSample:
    """Samples one behind the other; what they are about is said by the first."""
    if not samples:
        raise DataError("no events to join")
    collisions, particles = (
        {name: np.concatenate([getattr(sample, part)[name] for sample in samples]) for name in names}
        for part, names in (("collisions", COLLISIONS), ("particles", PARTICLES))
    )
    offsets = [_joined([getattr(sample, name) for sample in samples]) for name in ("collision_offsets", "particle_offsets")]
    records = [sample.velo for sample in samples if sample.velo is not None]
    if records and len(records) < len(samples):
        raise DataError("some of the samples to join have hits and others not", hint="make the hits of all, or of none")
    velo = joined_records(records) if records else None
    return EventSample(collisions, offsets[0], particles, offsets[1], samples[0].about, velo)


def descends_from(sample: EventSample, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Particles [particles] of which some ancestor, not they themselves, is ``wanted`` [particles]."""
    above, found = sample.mothers, np.zeros(len(wanted), bool)
    while (above >= 0).any():
        found |= (above >= 0) & wanted[above]
        above = np.where(above >= 0, sample.mothers[above], -1)
    return found


def decay_vertices(sample: EventSample) -> npt.NDArray[np.float64]:
    """Where each particle ended [particles, 4]: x, y, z in mm, t in ns; NaN for those without daughters."""
    found = np.full((len(sample.mothers), 4), np.nan)
    born = np.stack([sample.particles[name] for name in ("x", "y", "z", "t")], axis=1)
    daughters = np.flatnonzero(sample.mothers >= 0)
    found[sample.mothers[daughters]] = born[daughters]
    return found


def last_of(sample: EventSample, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Those of the ``wanted`` [particles] that have none of them as a daughter: of hadrons with a quark, those that decay weakly."""
    return wanted & ~np.isin(np.arange(len(wanted)), sample.mothers[wanted])


def is_beauty(pdg: Array) -> npt.NDArray[np.bool_]:
    """Hadrons with a b quark, by the digits of their number (PDG, Monte Carlo particle numbering scheme)."""
    return _has_quark(pdg, 5)


def is_charm(pdg: Array) -> npt.NDArray[np.bool_]:
    """Hadrons with a c and no b quark."""
    return _has_quark(pdg, 4) & ~_has_quark(pdg, 5)


def _has_quark(pdg: Array, quark: int) -> npt.NDArray[np.bool_]:
    number = np.abs(np.asarray(pdg, np.int64))
    digits = [number // 10**place % 10 for place in (1, 2, 3)]
    hadron = (number > 100) & (number < 10**9) & (digits[0] > 0) & (digits[1] > 0)
    return np.asarray(hadron & np.logical_or.reduce([digit == quark for digit in digits]))


def _cut(columns: Arrays, offsets: Indices, start: int, stop: int) -> tuple[Arrays, Indices]:
    rows = slice(offsets[start], offsets[stop])
    return {name: values[rows] for name, values in columns.items()}, offsets[start : stop + 1] - offsets[start]


def _joined(offsets: Sequence[Indices]) -> Indices:
    return np.concatenate([[0], np.cumsum(np.concatenate([np.diff(one) for one in offsets]))]).astype(np.int64)


def _check(what: str, columns: Arrays, names: Mapping[str, str], offsets: Indices) -> None:
    missing = [name for name in names if name not in columns]
    if missing:
        raise DataError(f"{what}: no column {', '.join(missing)}", hint=f"wanted {', '.join(names)}")
    if len(offsets) < 1 or offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise DataError(f"{what}: offsets do not rise from 0", hint="the file is damaged")
    wrong = [name for name in names if columns[name].shape != (offsets[-1],)]
    if wrong:
        raise DataError(
            f"{what}: column {wrong[0]} has {columns[wrong[0]].shape} entries for {offsets[-1]} rows", hint="the file is damaged"
        )


def _check_index(name: str, values: Array, rows: Indices, into: Indices) -> None:
    sizes = np.repeat(np.diff(into), np.diff(rows))
    if ((values < -1) | (values >= sizes)).any():
        raise DataError(f"particles: {name} points outside of its event", hint="the file is damaged")
