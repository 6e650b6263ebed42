"""Hits of the vertex locator from the particles of an event record, for all events of a sample at once.

Particles fly straight through foil and modules, scatter, lose energy, convert or interact; what is made there flies on. Paths through the
silicon fire pixels, neighbouring pixels are a hit. Not in it: the magnetic field, bremsstrahlung, material outside of modules and foil.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bartik.core import Array, Arrays
from bartik.simulation.conditions import Conditions
from bartik.simulation.counters import Keys, event_keys, uniform, within
from bartik.simulation.record import EventSample, Indices
from bartik.simulation.velo_clusters import Clusters, Paths, clusters
from bartik.simulation.velo_detector import Detector, detector, substrate_first
from bartik.simulation.velo_flight import Crossings, fly
from bartik.simulation.velo_flyers import PHOTON, STEEPEST, Flyers, flyers_of, together
from bartik.simulation.velo_geometry import SENSOR_Z, SENSORS_PER_MODULE, cartesian, diagonal
from bartik.simulation.velo_material import secondaries
from bartik.simulation.velo_noise import added
from bartik.simulation.velo_record import VeloRecord
from bartik.simulation.velo_truth import seen_columns

_GENERATIONS = 5
"""Of particles made in the material by one another."""


def with_hits(sample: EventSample, conditions: Conditions, seed: int, numbers: Sequence[int]) -> EventSample:
    """The sample with hits in the vertex locator.

    ``numbers`` [events] name its events: the hits of an event depend on its particles, its number, ``seed`` and ``conditions`` alone.
    """
    keys, state = event_keys(seed, list(numbers)), detector(conditions.velo)
    flyers, crossings = _flown(sample, keys, state)
    seen = _seen(crossings, flyers, state)
    paths = added(_paths(crossings.chosen(seen), flyers, state), conditions, keys, state)
    return replace(sample, velo=_record(sample, flyers, clusters(paths), state))


def _flown(sample: EventSample, keys: Keys, state: Detector) -> tuple[Flyers, Crossings]:
    """All particles, those of the record first, and all their crossings."""
    flyers, crossings, first = [flyers_of(sample, keys)], [], 0
    for _ in range(_GENERATIONS):
        found = fly(flyers[-1], state)
        made = secondaries(flyers[-1], found)
        crossings.append(replace(found, flyer=found.flyer + first))
        first += len(flyers[-1])
        if not len(made):
            break
        flyers.append(made)
    whole = together(flyers)
    return whole, Crossings(*(np.concatenate([getattr(part, name) for part in crossings]) for name in Crossings.__dataclass_fields__))


def _seen(crossings: Crossings, flyers: Flyers, state: Detector) -> Array:
    """Rows of crossings by charged particles of sensors that saw them; one that ends in the material before a sensor does not get there."""
    owner = crossings.flyer
    ended = crossings.last & substrate_first(crossings.sensor, flyers.sense[owner])
    keys = within(within(flyers.key[owner], crossings.plane), 3)
    lucky = uniform(keys) < state.efficiency[crossings.sensor]
    return np.flatnonzero((crossings.sensor >= 0) & (flyers.charge[owner] != 0) & lucky & ~ended & (flyers.pdg[owner] != PHOTON))


def _paths(at: Crossings, flyers: Flyers, state: Detector) -> Paths:
    """Paths through the silicon in the sensors' own coordinates."""
    shift = state.shift[at.sensor]
    u, v = diagonal(at.x - shift[:, 0], at.y - shift[:, 1])
    key = within(within(flyers.key[at.flyer], at.plane), 4)
    slope_u, slope_v = (np.clip(slope, -STEEPEST, STEEPEST) for slope in diagonal(at.tx, at.ty))
    return Paths(flyers.event[at.flyer], at.sensor, u, v, slope_u, slope_v, at.flyer, key)


def _record(sample: EventSample, flyers: Flyers, found: Clusters, state: Detector) -> VeloRecord:
    """Tables of hits, particles seen and links; hits rounded to 1 µm, in the order of events and modules."""
    hit, owner = found.links.T
    rows = np.unique(owner)
    rows = rows[np.argsort(flyers.event[rows], kind="stable")]
    place = np.zeros(len(flyers), np.int64)
    place[rows] = np.arange(len(rows))
    events = {"hit": found.event, "seen": flyers.event[rows], "link": found.event[hit]}
    offsets = {name: np.searchsorted(event, np.arange(len(sample) + 1)) for name, event in events.items()}
    link = {"hit": hit - offsets["hit"][events["link"]], "seen": place[owner] - offsets["seen"][events["link"]]}
    tables: dict[str, Arrays] = {"hit": _hits(found, state), "seen": seen_columns(sample, flyers, rows), "link": link}
    return VeloRecord.typed(tables, offsets)


def _hits(found: Clusters, state: Detector) -> Arrays:
    x, y = cartesian(found.u, found.v)
    known = state.known[found.sensor]
    places = {"x": x + known[:, 0], "y": y + known[:, 1], "z": SENSOR_Z[found.sensor]}
    module: Indices = found.sensor // SENSORS_PER_MODULE
    return {axis: np.round(values, 3) for axis, values in places.items()} | {"module": module}
