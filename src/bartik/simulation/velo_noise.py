"""Clusters of no particle of this crossing: electronics, and late ones of the crossing before (spill-over)."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from bartik.core import Array
from bartik.simulation.conditions import Conditions
from bartik.simulation.counters import Keys, poisson, uniform, within
from bartik.simulation.velo_clusters import Paths
from bartik.simulation.velo_detector import Detector
from bartik.simulation.velo_geometry import SENSORS, SENSORS_PER_MODULE

_PER_COLLISION = 330.0
"""Hits of an inelastic collision, to know how many the crossing before left."""


def added(paths: Paths, conditions: Conditions, keys: Keys, state: Detector) -> Paths:
    """The paths of an event's particles, and behind them those of noise, which have no owner; ``keys`` [events]."""
    parts = [paths, _late(paths, conditions, keys, state), _electronics(conditions.velo.noise, keys, state)]
    return Paths(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Paths)))


def _late(paths: Paths, conditions: Conditions, keys: Keys, state: Detector) -> Paths:
    """As many as the crossing before left late, where particles of this one passed, turned about the beam by 180° onto the other half.

    So the places are as collisions have them and not those of this event's tracks, without another crossing to simulate.
    """
    collisions = poisson(keys, np.full(len(keys), conditions.inelastic), 1)
    wanted = poisson(keys, np.asarray(conditions.velo.spill_over * _PER_COLLISION * collisions, np.float64), 2)
    order = np.argsort(paths.event, kind="stable")
    starts = np.searchsorted(paths.event[order], np.arange(len(keys) + 1))
    event, number = _spread(np.where(np.diff(starts) > 0, wanted, 0))
    key = within(within(keys[event], number), 5)
    drawn = order[(starts[event] + (uniform(key) * np.diff(starts)[event]).astype(np.int64))]
    sensor = paths.sensor[drawn]
    turned = sensor + np.where(sensor // SENSORS_PER_MODULE % 2 == 0, SENSORS_PER_MODULE, -SENSORS_PER_MODULE)
    alive = state.efficiency[turned] > 0
    columns: tuple[Array, ...] = (
        event,
        turned,
        -paths.u[drawn],
        -paths.v[drawn],
        -paths.slope_u[drawn],
        -paths.slope_v[drawn],
        np.full(len(event), -1),
        key,
    )
    return Paths(**{field.name: column[alive] for field, column in zip(fields(Paths), columns, strict=True)})


def _electronics(mean: float, keys: Keys, state: Detector) -> Paths:
    event, number = _spread(poisson(keys, np.full(len(keys), mean if len(state.live) else 0.0), 3))
    key = within(within(keys[event], number), 6)
    sensor = state.live[(uniform(key, 1) * len(state.live)).astype(np.int64)] if len(event) else event
    low_u, high_u, low_v, high_v, _ = SENSORS[sensor].T
    flat = np.zeros(len(event))
    u, v = low_u + (high_u - low_u) * uniform(key, 2), low_v + (high_v - low_v) * uniform(key, 3)
    return Paths(event, sensor, u, v, flat, flat, np.full(len(event), -1), key)


def _spread(counts: Array) -> tuple[Array, Array]:
    """Event and number within it of each of ``counts`` [events]."""
    event = np.repeat(np.arange(len(counts)), counts)
    return event, np.arange(len(event)) - np.repeat(np.cumsum(counts) - counts, counts)
