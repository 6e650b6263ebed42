"""The bootstrap: how much a number would move in other samples of the same size (Efron, Ann. Stat. 7 (1979) 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Interval, UsageError
from bartik.metrics.arrays import Floats

COVERAGE = 0.6826894921370859
"""Two-sided, one standard deviation."""

_VALUES_ONLY = ContextVar("values_only", default=False)


@contextmanager
def values_only() -> Iterator[None]:
    """Within it `bootstrap` gives values whose intervals are empty: for those who draw samples themselves and want metrics of many."""
    before = _VALUES_ONLY.set(True)
    try:
        yield
    finally:
        _VALUES_ONLY.reset(before)


def bootstrap(statistic: Callable[[Floats], float], clusters: Array, *, replicas: int = 400, seed: int = 0) -> Interval:
    """Interval of ``statistic`` by drawing whole clusters (events) with replacement.

    ``statistic`` takes how often each row was drawn, float64 [rows]; ``clusters`` [rows] says which rows are drawn
    together: event numbers, or ``np.arange(rows)`` for independent rows. Percentiles of the replicas, 68.3%.

    >>> rows = np.array([1.0, 2.0, 3.0, 4.0])
    >>> bootstrap(lambda drawn: float(drawn @ rows / drawn.sum()), np.arange(4)).value
    2.5
    """
    if replicas < 20:
        raise UsageError(f"bootstrap of {replicas} replicas: wanted 20 or more")
    names, which = np.unique(clusters, return_inverse=True)
    random = np.random.default_rng(seed)
    value = statistic(np.ones(which.size))
    if _VALUES_ONLY.get():
        return Interval(value, value, value)
    found = [statistic(_draw(random, names.size)[which]) for _ in range(replicas)]
    low, high = np.nanquantile(found, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Interval(value, min(value, float(low)), max(value, float(high)))


def _draw(random: np.random.Generator, clusters: int) -> npt.NDArray[np.float64]:
    return np.bincount(random.integers(clusters, size=clusters), minlength=clusters).astype(np.float64)
