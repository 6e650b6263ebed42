"""Two models on the same rows: how much better one is, and how well that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bartik.core import Array, BartikError, Interval, UsageError
from bartik.metrics.resampling import COVERAGE, values_only

Metrics: TypeAlias = Callable[[Array], tuple[Mapping[str, float], Mapping[str, float]]]


@dataclass(frozen=True)
class Paired:
    """A metric of both models on the same rows, and their ``difference``, new less old; intervals 68.3%."""

    new: Interval
    old: Interval
    difference: Interval


def paired_bootstrap(metrics: Metrics, clusters: Array, *, replicas: int = 200, seed: int = 0) -> dict[str, Paired]:
    """Metrics of two models and of their difference, drawing whole clusters (events) with replacement, the same for both.

    ``metrics`` takes the places of the drawn rows and gives the metrics of the new and of the old model on them; ``clusters`` [rows]
    says which rows are drawn together. A draw that a metric refuses (of few events, one class only) does not count; `UsageError` where half
    of them are so. What both models share, an easy or a hard event, cancels in the difference (Efron and Tibshirani, An Introduction to the
    Bootstrap, 1993, chapter 8).

    >>> rows = np.array([1.0, 2.0, 3.0])
    >>> found = paired_bootstrap(lambda k: ({"mean": rows[k].mean() + 1}, {"mean": rows[k].mean()}), np.arange(3))
    >>> found["mean"].difference
    Interval(value=1.0, low=1.0, high=1.0)
    """
    names, which = np.unique(clusters, return_inverse=True)
    random = np.random.default_rng(seed)
    with values_only():
        value = metrics(np.arange(which.size))
        tried = [_measured(metrics, _drawn(random, names.size, which)) for _ in range(replicas)]
    draws = [found for found in tried if found is not None]
    if 2 * len(draws) <= replicas:
        reason = f"{replicas - len(draws)} of {replicas} draws of {names.size} events have rows of one class only"
        raise UsageError(reason, hint="compare the models on more events")
    return {
        name: Paired(
            _interval(value[0][name], [new[name] for new, _ in draws]),
            _interval(value[1][name], [old[name] for _, old in draws]),
            _interval(value[0][name] - value[1][name], [new[name] - old[name] for new, old in draws]),
        )
        for name in value[0]
    }


def _measured(metrics: Metrics, rows: Array) -> tuple[Mapping[str, float], Mapping[str, float]] | None:
    try:
        return metrics(rows)
    except BartikError:
        return None


def _drawn(random: np.random.Generator, clusters: int, which: Array) -> Array:
    """Places of the rows of as many clusters as there are, some of them several times."""
    times = np.bincount(random.integers(clusters, size=clusters), minlength=clusters)
    return np.repeat(np.arange(which.size), times[which])


def _interval(value: float, draws: list[float]) -> Interval:
    low, high = np.nanquantile(draws, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Interval(float(value), min(float(value), float(low)), max(float(value), float(high)))
