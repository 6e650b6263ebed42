"""Samples of events, the same for the same seed and conditions whatever the number of processes."""

from __future__ import annotations

import importlib.util
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from bartik.core import Array, Arrays, Progress, UnavailableError, UnknownNameError, UsageError
from bartik.simulation.conditions import Conditions
from bartik.simulation.decays import decay_of
from bartik.simulation.forced import check_forced, with_forced
from bartik.simulation.record import COLLISIONS, PARTICLES, EventSample, joined
from bartik.simulation.velo_hits import with_hits

SAMPLES = ("minbias", "bbbar", "ccbar")
GENERATORS = {"pythia": "Pythia 8", "parametric": "parametric"}
"""By the name of the option, as the record names them."""
_BLOCK = 20
"""Events that a process makes at a time."""


@dataclass(frozen=True)
class Order:
    """What to make."""

    sample: str
    conditions: Conditions
    seed: int
    generator: str = "pythia"
    decay: str = ""
    """Of a hadron with the forced quark, by name or written out; see `bartik.simulation.decays`."""
    hits: bool = False
    """Those in the vertex locator as well."""

    def about(self) -> dict[str, str]:
        """For the record."""
        words = {"sample": self.sample, "conditions": self.conditions.name, "conditions digest": self.conditions.digest}
        return words | {"seed": str(self.seed), "generator": GENERATORS[self.generator]} | ({"decay": self.decay} if self.decay else {})


def make_events(order: Order, events: int, *, first: int = 0, processes: int = 1, progress: Progress = print) -> EventSample:
    """Events number ``first`` to ``first + events`` of a sample."""
    if order.sample not in SAMPLES or events < 1 or processes < 1:
        raise UsageError(
            f"{events} events of {order.sample!r} by {processes} processes", hint=f"samples: {', '.join(SAMPLES)}; 1 or more of both"
        )
    _check_generator(order.generator)
    if order.decay:
        check_forced(order.sample, decay_of(order.decay))
    starts = range(first, first + events, _BLOCK)
    counts = [min(_BLOCK, first + events - start) for start in starts]
    made: list[EventSample] = []
    for block in _blocks(order, list(starts), counts, processes):
        made.append(block)
        done = sum(map(len, made))
        progress(f"event {done} of {events}")
    whole = joined(made)
    return replace(whole, about={**whole.about, "first event": str(first)})


def _check_generator(name: str) -> None:
    if name not in GENERATORS:
        raise UnknownNameError("generator", name, GENERATORS)
    if name == "pythia" and importlib.util.find_spec("pythia8mc") is None:
        raise UnavailableError("Pythia 8 is not installed here", hint="pip install 'bartik[simulation]', or --generator parametric")


def one_event(order: Order, number: int) -> EventSample:
    """Event ``number``: for a sample with a forced quark the first collision has it, beside those that pile up on it."""
    return _block(order, number, 1)


def _without_hits(order: Order, number: int) -> EventSample:
    rng = np.random.default_rng([order.seed, number])
    forced = order.sample != "minbias"
    count = int(rng.poisson(order.conditions.inelastic)) + forced
    vertices = rng.normal(order.conditions.position, order.conditions.spread, (count, 3))
    samples = [order.sample if forced and k == 0 else "minbias" for k in range(count)]
    event = _event(order, vertices, _collisions(order, rng, samples))
    return with_forced(rng, event, order.sample, decay_of(order.decay)) if order.decay else event


def _collisions(order: Order, rng: np.random.Generator, samples: Sequence[str]) -> Arrays:
    if order.generator == "parametric":
        from bartik.simulation import parametric  # noqa: PLC0415 - the one that is asked for

        return parametric.collisions(order.conditions, rng, samples)
    from bartik.simulation import pythia  # noqa: PLC0415 - an optional package

    seeds = rng.integers(0, 2**62, len(samples))
    return _together([pythia.collision(order.conditions, int(seed), sample) for seed, sample in zip(seeds, samples, strict=True)])


def _together(made: list[Arrays]) -> Arrays:
    """Particles of all collisions, mothers counted within the event."""
    sizes = [len(particles["pdg"]) for particles in made]
    starts = np.repeat(np.cumsum([0, *sizes])[:-1], sizes)
    columns = {name: np.concatenate([np.zeros(0), *(particles[name] for particles in made if name in particles)]) for name in PARTICLES}
    columns["mother"] = np.where(columns["mother"] >= 0, columns["mother"] + starts, -1)
    return columns | {"collision": np.repeat(np.arange(len(made)), sizes)}


def _event(order: Order, vertices: Array, columns: Arrays) -> EventSample:
    """One event from the ``columns`` of collisions at the origin, moved to their ``vertices``."""
    moved = columns | {name: columns[name] + vertices[columns["collision"], axis] for axis, name in enumerate("xyz")}
    collisions = {name: vertices[:, axis] if axis < 3 else np.zeros(len(vertices)) for axis, name in enumerate(COLLISIONS)}
    typed = {name: moved[name].astype(kind) for name, kind in PARTICLES.items()}
    return EventSample(collisions, np.array([0, len(vertices)]), typed, np.array([0, len(typed["pdg"])]), order.about())


def _block(order: Order, start: int, count: int) -> EventSample:
    numbers = range(start, start + count)
    made = joined([_without_hits(order, number) for number in numbers])
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
