"""Which way of computing a model is fastest on this machine: all candidates in turn, against the default."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bartik.backends.native import session_of
from bartik.compiler import build_library
from bartik.compiler.tuning import DEFAULT, Tuning, remember, variants
from bartik.core import Arrays, Interval, Session
from bartik.core.bundle import Bundle
from bartik.profile.clock import interleave, ratio
from bartik.profile.work import multiply_adds, repeated

_STAGES: Sequence[tuple[tuple[str, ...], tuple[int, ...]]] = (
    (("lanes", "tile"), (256, 4096)),
    (("blocks",), (256, 4096)),
    (("alone",), (2, 5, 9, 13)),
)
"""What is varied together, and the batch sizes at which it matters."""
_MOST_WORK = 30_000_000
"""Multiply-adds of one call, at most: some milliseconds."""
_GAIN = 1.02
"""How many times faster than the default a candidate must be, the lower end of the interval at that."""


@dataclass(frozen=True)
class Tried:
    """A candidate, and how many times faster than the default it is, on the average of the ``batches``; default 1."""

    tuning: Tuning
    batches: tuple[int, ...]
    gain: Interval


def tune(bundle: Bundle, *, seconds: float = 20.0, progress: Callable[[str], None] = lambda _: None) -> tuple[Tuning, list[Tried]]:
    """Try what may be faster here, keep the best for the backend ``native``; the best and all that was tried.

    Widths and tiles first, then blocks, then small batches, each from the best so far. What gives the same machine code as another is tried
    once. A candidate that is not faster than the best so far by 2% is not taken: a default that is as good serves all machines.
    """
    best, found, memory = DEFAULT, list[Tried](), dict[str, Session]()
    work = max(1, multiply_adds(bundle)) if _has_batch(bundle) else _MOST_WORK + 1
    for names, batches in _STAGES:
        candidates = _distinct(bundle, variants(best, *names), memory, progress)
        fitting = tuple(batch for batch in batches if batch * work <= _MOST_WORK) or (1,)
        tried = _measured(bundle, candidates, fitting, seconds / len(_STAGES))
        found += tried
        fastest = max(tried, key=lambda one: one.gain.value)
        if fastest.gain.low >= _GAIN:
            best = fastest.tuning
        progress(f"{', '.join(names)}: {best}")
    remember(bundle, best)
    return best, found


def _distinct(bundle: Bundle, tunings: list[Tuning], memory: dict[str, Session], progress: Callable[[str], None]) -> dict[Tuning, Session]:
    """A session for each that gives machine code of its own."""
    found: dict[Tuning, Session] = {}
    paths: set[str] = set()
    for number, tuning in enumerate(tunings, 1):
        path = str(build_library(bundle, tuning))
        if path not in paths:
            paths.add(path)
            found[tuning] = memory.setdefault(path, session_of(bundle, tuning))
        progress(f"compiled {number} of {len(tunings)}")
    return found


def _measured(bundle: Bundle, sessions: dict[Tuning, Session], batches: tuple[int, ...], seconds: float) -> list[Tried]:
    """Each against the first, at every batch size."""
    first, *others = sessions
    gains: dict[Tuning, list[Interval]] = {tuning: [] for tuning in others}
    for batch in batches if others else ():
        rows = repeated(bundle, batch) if _has_batch(bundle) else bundle.reference()[0]
        timings = interleave({str(k): _call(s, rows) for k, s in enumerate(sessions.values())}, seconds=seconds / len(batches))
        for k, tuning in enumerate(others, 1):
            gains[tuning].append(ratio(timings["0"], timings[str(k)]))
    kept = Tried(first, batches, Interval(1.0, 1.0, 1.0))
    return [kept, *(Tried(tuning, batches, _mean(found)) for tuning, found in gains.items())]


def _mean(gains: list[Interval]) -> Interval:
    """The geometric mean, of the values and of each end."""
    value, low, high = (math.exp(float(np.mean(np.log([getattr(g, end) for g in gains])))) for end in ("value", "low", "high"))
    return Interval(value, min(low, value), max(high, value))


def _has_batch(bundle: Bundle) -> bool:
    return any(isinstance(axis, str) for spec in bundle.signature.inputs for axis in spec.shape)


def _call(session: Session, rows: Arrays) -> Callable[[], object]:
    return lambda: session.run(rows)
