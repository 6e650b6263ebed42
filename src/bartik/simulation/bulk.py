"""Many events at once by the parametric generator: the same distributions as `make_events` gives, several times faster.

Random numbers belong to a block of events and not to each event, so that the collisions of all can be drawn together.
"""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Arrays, UsageError
from bartik.simulation import parametric
from bartik.simulation.decays import decay_of
from bartik.simulation.forced import check_forced, with_forced
from bartik.simulation.generate import SAMPLES, Order
from bartik.simulation.record import COLLISIONS, PARTICLES, EventSample, joined

_STREAM = 0xB01C
"""Keeps the random numbers of blocks apart from those of single events of the same seed."""


def many_events(order: Order, events: int, block: int = 0) -> EventSample:
    """``events`` of a sample without hits, with the random numbers of ``block``; each with the decay of ``order``, if one is asked for."""
    if order.sample not in SAMPLES or events < 1:
        raise UsageError(f"{events} events of {order.sample!r}", hint=f"samples: {', '.join(SAMPLES)}; 1 or more events")
    rng = np.random.default_rng([order.seed, _STREAM, block])
    made = _undirected(order, rng, events)
    if not order.decay:
        return made
    wanted = decay_of(order.decay)
    check_forced(order.sample, wanted)
    return joined([with_forced(rng, made.event(k), order.sample, wanted) for k in range(events)])


def _undirected(order: Order, rng: np.random.Generator, events: int) -> EventSample:
    """Events whose hadrons decay as they like."""
    forced = order.sample != "minbias"
    counts = rng.poisson(order.conditions.inelastic, events) + forced
    offsets = np.concatenate([[0], np.cumsum(counts)])
    leading = np.isin(np.arange(offsets[-1]), offsets[:-1])
    samples = [order.sample if forced and first else "minbias" for first in leading]
    vertices = rng.normal(order.conditions.position, order.conditions.spread, (len(samples), 3))
    columns = parametric.collisions(order.conditions, rng, samples)
    owner = np.repeat(np.arange(events), counts)[columns["collision"]]
    columns |= {name: columns[name] + vertices[columns["collision"], axis] for axis, name in enumerate("xyz")}
    collisions = {name: vertices[:, axis] if axis < 3 else np.zeros(len(vertices)) for axis, name in enumerate(COLLISIONS)}
    particles, starts = _by_event(columns, owner, events, offsets)
    return EventSample(collisions, offsets, particles, starts, order.about())


def _by_event(columns: Arrays, owner: Array, events: int, collisions: Array) -> tuple[Arrays, Array]:
    """The columns sorted by event, with mothers and collisions counted within each; and where each event starts."""
    sorting = np.argsort(owner, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=events))])
    place = np.empty(len(owner) + 1, np.int64)
    place[sorting], place[-1] = np.arange(len(owner)) - starts[owner[sorting]], -1
    found = columns | {"mother": place[columns["mother"]], "collision": columns["collision"] - collisions[owner]}
    return {name: found[name][sorting].astype(kind) for name, kind in PARTICLES.items()}, starts
