"""All responses together: the long tracks of a sample as they would be reconstructed, with what identifies them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays
from bartik.simulation.phase_space import Momenta
from bartik.simulation.record import EventSample
from bartik.simulation.response import calorimeter, impact, magnet, momentum, muon, rich

SPECIES = {11: "e", 13: "mu", 211: "pi", 321: "K", 2212: "p"}
"""Charged particles that live long enough, by number."""


def long_tracks(rng: np.random.Generator, sample: EventSample, polarity: int = 1) -> Arrays:
    """Columns of the long tracks that are found, one behind the other over all events of the ``sample``.

    ``particle`` and ``event`` say of which row and event each is; ``x``, ``y``, ``z`` (mm) is a point on it and ``px``, ``py``, ``pz``
    (GeV) its momentum as measured, ``ip`` (mm) its impact parameter to its own collision; then ``DLLe``, ``DLLmu``, ``DLLK``, ``DLLp``,
    ``ecal`` and ``hcal`` (GeV), and ``is_muon``. There are no ghosts among them.
    """
    found = measured_tracks(rng, sample, polarity)
    row, event = found["particle"], found["event"]
    true = _columns(sample, row, ("px", "py", "pz"))
    pdg, p = np.abs(sample.particles["pdg"][row]), np.linalg.norm(true, axis=1)
    busy = np.bincount(event, minlength=len(sample))[event].astype(float)
    return found | _identity(rng, pdg, p, np.arccos(true[:, 2] / p), busy)


def measured_tracks(rng: np.random.Generator, sample: EventSample, polarity: int = 1) -> Arrays:
    """The columns of `long_tracks` up to ``pz`` and ``ip``: where tracks go, without what identifies them, in a third of the time."""
    row, event = _found(rng, sample, polarity)
    origin, true = _columns(sample, row, "xyz"), _columns(sample, row, ("px", "py", "pz"))
    pdg, p = np.abs(sample.particles["pdg"][row]), np.linalg.norm(true, axis=1)
    measured = true * (momentum.measured_momentum(rng, p, pdg == 11) / p)[:, np.newaxis]
    point = impact.measured_origin(rng, origin, true)
    found: Arrays = {"particle": row, "event": event, "ip": impact.impact_parameter(point, measured, _collision(sample, row, event))}
    found |= {name: point[:, axis] for axis, name in enumerate("xyz")}
    return found | {name: measured[:, axis] for axis, name in enumerate(("px", "py", "pz"))}


def _found(rng: np.random.Generator, sample: EventSample, polarity: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of the particles whose track is found, and their events."""
    known = np.flatnonzero(sample.particles["final"] & np.isin(np.abs(sample.particles["pdg"]), list(SPECIES)))
    way = _columns(sample, known, ("px", "py", "pz"))
    kind = magnet.track_type(_columns(sample, known, "xyz"), way, sample.particles["charge"][known], polarity)
    lucky = rng.random(len(known)) < magnet.reconstruction_efficiency(np.linalg.norm(way, axis=1))
    row = known[(kind == magnet.LONG) & lucky]
    return row, np.searchsorted(sample.particle_offsets, row, side="right") - 1


def _collision(sample: EventSample, row: Array, event: Array) -> Momenta:
    place = sample.collision_offsets[event] + sample.particles["collision"][row]
    return np.stack([sample.collisions[axis][place] for axis in "xyz"], axis=1)


def _identity(rng: np.random.Generator, pdg: Array, p: Array, theta: Array, tracks: Array) -> Arrays:
    mass = np.select([pdg == number for number in SPECIES], [rich.HYPOTHESES[name] for name in SPECIES.values()], 0.0)
    ecal, hcal = calorimeter.deposits(rng, pdg, np.hypot(p, mass))
    is_muon = muon.is_muon(p, muon.station_hits(rng, pdg, p, tracks))
    return rich.dll(rng, p, mass, theta, tracks) | {"ecal": ecal, "hcal": hcal, "is_muon": is_muon}


def _columns(sample: EventSample, row: Array, names: tuple[str, ...] | str) -> Momenta:
    return np.stack([sample.particles[name][row] for name in names], axis=1)
