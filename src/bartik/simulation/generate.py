"""Samples of events, the same for the same seed and conditions whatever the number of processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from bartik.core import Arrays, Progress, UsageError
from bartik.simulation.conditions import Conditions
from bartik.simulation.record import COLLISIONS, PARTICLES, EventSample, joined
from bartik.simulation.velo_hits import with_hits

SAMPLES = ("minbias", "bbbar", "ccbar")
_BLOCK = 20
"""Events that a process makes at a time."""


@dataclass(frozen=True)
class Order:
    """What to make."""

    sample: str
    conditions: Conditions
    seed: int
    hits: bool = False
    """Those in the vertex locator as well."""

    def about(self) -> dict[str, str]:
        """For the record."""
        words = {"sample": self.sample, "conditions": self.conditions.name, "conditions digest": self.conditions.digest}
        return words | {"seed": str(self.seed), "generator": "Pythia 8"}


def make_events(order: Order, events: int, *, first: int = 0, processes: int = 1, progress: Progress = print) -> EventSample:
    """Events number ``first`` to ``first + events`` of a sample."""
    if order.sample not in SAMPLES or events < 1 or processes < 1:
        raise UsageError(
            f"{events} events of {order.sample!r} by {processes} processes", hint=f"samples: {', '.join(SAMPLES)}; 1 or more of both"
        )
    starts = range(first, first + events, _BLOCK)
    counts = [min(_BLOCK, first + events - start) for start in starts]
    made: list[EventSample] = []
    for block in _blocks(order, list(starts), counts, processes):
        made.append(block)
        done = sum(map(len, made))
        progress(f"event {done} of {events}")
    whole = joined(made)
    return replace(whole, about={**whole.about, "first event": str(first)})


def one_event(order: Order, number: int) -> EventSample:
    """Event ``number``: for a sample with a forced quark the first collision has it, beside those that pile up on it."""
    return _block(order, number, 1)


def _collisions(order: Order, number: int) -> EventSample:
    from bartik.simulation.pythia import collision  # noqa: PLC0415 - an optional package

    rng = np.random.default_rng([order.seed, number])
    forced = order.sample != "minbias"
    count = int(rng.poisson(order.conditions.inelastic)) + forced
    vertices = rng.normal(order.conditions.position, order.conditions.spread, (count, 3))
    seeds = rng.integers(0, 2**62, count)
    made = [collision(order.conditions, int(seed), order.sample if forced and k == 0 else "minbias") for k, seed in enumerate(seeds)]
    return _event(order, vertices, made)


def _event(order: Order, vertices: np.ndarray, made: list[Arrays]) -> EventSample:
    sizes = [len(particles["pdg"]) for particles in made]
    starts = np.cumsum([0, *sizes])[:-1]
    columns = {name: np.concatenate([np.zeros(0), *(particles[name] for particles in made if name in particles)]) for name in PARTICLES}
    owner = np.repeat(np.arange(len(made)), sizes)
    columns["collision"] = owner
    columns["mother"] = np.where(columns["mother"] >= 0, columns["mother"] + np.repeat(starts, sizes), -1)
    for axis, name in enumerate("xyz"):
        columns[name] = columns[name] + vertices[owner, axis]
    collisions = {name: vertices[:, axis] if axis < 3 else np.zeros(len(made)) for axis, name in enumerate(COLLISIONS)}
    typed = {name: columns[name].astype(kind) for name, kind in PARTICLES.items()}
    ends = (np.array([0, len(made)]), np.array([0, sum(sizes)]))
    return EventSample(collisions, ends[0], typed, ends[1], order.about())


def _block(order: Order, start: int, count: int) -> EventSample:
    numbers = range(start, start + count)
    made = joined([_collisions(order, number) for number in numbers])
    return with_hits(made, order.conditions, order.seed, numbers) if order.hits else made


def _blocks(order: Order, starts: list[int], counts: list[int], processes: int) -> Iterator[EventSample]:
    if processes == 1:
        for start, count in zip(starts, counts, strict=True):
            yield _block(order, start, count)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(_block, [order] * len(starts), starts, counts)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
