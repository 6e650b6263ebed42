"""Hard particles that interact or convert in the vertex locator's material, and what they make there, put into the record of the events.

The same flight and the same processes as those behind its hits (`bartik.simulation.velo_flight`, `velo_material`), for particles hard
enough that what they make can be a displaced vertex of a trigger: an interaction in the foil or a module looks like the decay of a hadron.
What is made there flies on without another interaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays
from bartik.simulation.conditions import Conditions
from bartik.simulation.counters import event_keys
from bartik.simulation.particles import LIGHT
from bartik.simulation.record import PARTICLES, EventSample
from bartik.simulation.velo_detector import detector
from bartik.simulation.velo_flight import fly
from bartik.simulation.velo_flyers import Flyers, flyers_of
from bartik.simulation.velo_material import secondaries

Mask = npt.NDArray[np.bool_]
HARD, ACROSS, SOFT = 10.0, 1.0, 1.0
"""GeV: particles of less momentum, or less across the beam, are not followed, and those that are made with less than the last left out."""


def with_interactions(sample: EventSample, conditions: Conditions, seed: int, numbers: Sequence[int]) -> tuple[EventSample, Mask]:
    """The sample with what its particles made in the material, and which particles [particles] those are.

    ``numbers`` [events] name its events: what is made depends on its particles, its number, ``seed`` and ``conditions`` alone. A particle
    of the record that ended in the material is no longer ``final``; the ``mother`` of what was made is the one of the record behind it.
    """
    starts, flyers = sample.particle_offsets, flyers_of(sample, event_keys(seed, list(numbers)))
    hard = (flyers.p > HARD) & (_across(flyers) > ACROSS) & (flyers.sense > 0)
    flyers = flyers.chosen(hard & sample.particles["final"][starts[flyers.event] + flyers.particle])
    crossings = fly(flyers, detector(conditions.velo))
    made, ended = secondaries(flyers, crossings), flyers.chosen(np.unique(crossings.flyer[crossings.last]))
    made = made.chosen(made.p > SOFT)
    columns, owner = _columns(sample, made), made.event
    particles = {name: np.concatenate([sample.particles[name], columns[name].astype(kind)]) for name, kind in PARTICLES.items()}
    particles["final"][starts[ended.event] + ended.particle] = False
    every = np.concatenate([np.repeat(np.arange(len(sample)), np.diff(starts)), owner])
    order = np.argsort(every, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(every, minlength=len(sample)))])
    born = np.arange(len(every)) >= starts[-1]
    return replace(sample, particles={name: values[order] for name, values in particles.items()}, particle_offsets=offsets), born[order]


def _columns(sample: EventSample, made: Flyers) -> Arrays:
    """Columns of the record for what was ``made``, all of it final."""
    mother = sample.particle_offsets[made.event] + made.ancestor
    path = np.sqrt(sum((getattr(made, axis) - sample.particles[axis][mother]) ** 2 for axis in "xyz"))
    momentum = made.momentum
    columns: Arrays = {"pdg": made.pdg, "mother": made.ancestor, "charge": made.charge, "final": np.ones(len(made), bool)}
    columns |= {axis: getattr(made, axis) for axis in "xyz"} | {"t": sample.particles["t"][mother] + path / LIGHT}
    columns |= {name: momentum[:, k] for k, name in enumerate(("px", "py", "pz"))}
    return columns | {"collision": sample.particles["collision"][mother], "e": _energy(made)}


def _across(flyers: Flyers) -> Array:
    """Transverse momentum [particles] in GeV."""
    return flyers.p * np.hypot(flyers.tx, flyers.ty) / flyers.stretch


def _energy(made: Flyers) -> Array:
    return np.hypot(made.p, made.mass)
