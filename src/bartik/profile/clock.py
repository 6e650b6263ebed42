"""Timing that survives a busy machine: all candidates in turn, many short rounds, medians, and the spread between rounds.

In each round every candidate runs one block of calls, the order turned by one from round to round, so that a neighbour
that takes the machine for a while slows all of them alike and no one always follows the same other. What is compared is
what happened in the same round; a disturbed round is one among many, and medians do not see it.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bartik.core import Array, Interval

Call = Callable[[], object]

_BLOCK = 2e-3
"""Seconds of one block: long against the clock's 30 ns, short against a neighbour's time slice."""
_ROUNDS = 15
"""Fewest rounds: below that a spread means little."""
_SINGLE = 64
"""Most calls of a block that are timed one by one."""
_CONFIDENCE = 0.683
_Found = TypeVar("_Found")


class CallFailedError(Exception):
    """A call that raised while it was timed: whose it was is ``name``, what it raised is the cause."""

    def __init__(self, name: str) -> None:
        """Keep the ``name`` of the call."""
        self.name = name
        super().__init__(name)


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: ``rounds`` [n], the mean over each round's block, and ``singles``, calls timed one by one."""

    rounds: Array
    singles: Array

    @property
    def median(self) -> float:
        """Middle of the rounds: what a call takes when called again and again."""
        return float(np.median(self.rounds))

    @property
    def best(self) -> float:
        """Fastest round: what it would take on a quiet machine."""
        return float(self.rounds.min())

    def divided(self, parts: int) -> Timing:
        """The same for one of the equal ``parts`` that a call was made of."""
        return Timing(self.rounds / parts, self.singles / parts)

    def quantile(self, fraction: float) -> float:
        """Quantile of calls timed one by one: 0.5 the usual one, 0.99 the slowest of a hundred."""
        return float(np.quantile(self.singles, fraction))


def time_call(call: Call, *, seconds: float = 1.0) -> Timing:
    """Time one callable for about ``seconds``."""
    return interleave({"": call}, seconds=seconds)[""]


def interleave(calls: Mapping[str, Call], *, seconds: float = 1.0) -> dict[str, Timing]:
    """Time several callables in turn in this process, for about ``seconds`` together, after warming each.

    `CallFailedError` names the one that raised.
    """
    if not calls:
        return {}
    with _undisturbed():
        counts = {name: named(name, block_size, call) for name, call in calls.items()}
        found: dict[str, list[tuple[float, list[float]]]] = {name: [] for name in calls}
        tick, order, end = _clock_cost(), list(calls), time.perf_counter() + seconds
        while time.perf_counter() < end or len(found[order[0]]) < _ROUNDS:
            for name in order:
                found[name].append(named(name, _block, calls[name], counts[name], tick))
            order.append(order.pop(0))
    return {name: _timing(blocks) for name, blocks in found.items()}


def ratio(slow: Timing, fast: Timing, *, draws: int = 400) -> Interval:
    """How many times ``fast`` is faster than ``slow``, both of one `interleave`: ratio of medians.

    The interval (68.3%) is that of the ratio of medians when whole rounds are drawn again with replacement, the same
    rounds for both.
    """
    count = len(slow.rounds)
    drawn = np.random.default_rng(0).integers(0, count, (draws, count))
    values = np.median(slow.rounds[drawn], axis=1) / np.median(fast.rounds[drawn], axis=1)
    low, high = np.quantile(values, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    value = slow.median / fast.median
    return Interval(value, min(float(low), value), max(float(high), value))


def named(name: str, measure: Callable[..., _Found], *arguments: Any) -> _Found:
    """What ``measure`` finds; whatever a call raises becomes that call's failure."""
    try:
        return measure(*arguments)
    except Exception as error:
        raise CallFailedError(name) from error


def _timing(blocks: list[tuple[float, list[float]]]) -> Timing:
    return Timing(np.array([mean for mean, _ in blocks]), np.array([single for _, singles in blocks for single in singles]))


def _block(call: Call, count: int, tick: float) -> tuple[float, list[float]]:
    """Mean of ``count`` calls in a row, then some of them one by one; one call before, to bring its data back into cache."""
    call()
    mean = _repeat(call, count) / count
    return mean, [max(0.0, _once(call) - tick) for _ in range(min(count, _SINGLE))]


def _repeat(call: Call, count: int) -> float:
    rounds = range(count)
    started = time.perf_counter()
    for _ in rounds:
        call()
    return time.perf_counter() - started


def _once(call: Call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _clock_cost() -> float:
    """Seconds between two readings of the clock with nothing between."""
    return min(_once(_nothing) for _ in range(1000)) - _repeat(_nothing, 1000) / 1000


def _nothing() -> None:
    return None


def block_size(call: Call) -> int:
    """How many of ``call`` fill a block, once it is warm."""
    count, spent = 1, _once(call)
    while spent < _BLOCK:
        count = max(count + 1, min(4 * count, math.ceil(1.2 * count * _BLOCK / max(spent, 1e-9))))
        spent = _repeat(call, count)
    return max(1, round(count * _BLOCK / spent))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage collection between two calls."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
