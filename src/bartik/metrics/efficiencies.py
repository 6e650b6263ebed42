"""Efficiencies with Wilson intervals, over a sample and in bins of a variable.

Wilson's score interval (J. Am. Stat. Assoc. 22 (1927) 209) holds its coverage down to few entries and near 0 and 1,
where the normal approximation fails (Brown, Cai, DasGupta, Stat. Sci. 16 (2001) 101). Weighted samples enter with
their effective number of entries, and rows that come in clusters (the tracks of an event) with the number of independent
rows of the same variance (design effect, Kish, Survey Sampling (1965) section 5.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bartik.core import Array, Interval, UsageError
from bartik.metrics.arrays import Floats, effective_entries, flat, weights_like


def wilson(passed: float, total: float, *, z: float = 1.0) -> Interval:
    """Efficiency ``passed / total`` with Wilson's interval; ``z`` standard deviations, 1 for 68.3%.

    By hand, with z = 1: centre (95 + 1/2) / (100 + 1), half width sqrt(95 * 5 / 100 + 1/4) / (100 + 1).

    >>> interval = wilson(95, 100)
    >>> round(interval.low, 4), round(95.5 / 101 - 5**0.5 / 101, 4)
    (0.9234, 0.9234)
    """
    if not 0 <= passed <= total or total <= 0 or z <= 0:
        raise UsageError(f"efficiency of {passed:g} passed out of {total:g}: wanted 0 <= passed <= total, total > 0")
    centre = (passed + z * z / 2) / (total + z * z)
    half = z * math.sqrt(passed * (total - passed) / total + z * z / 4) / (total + z * z)
    value = passed / total
    return Interval(value, max(0.0, min(value, centre - half)), min(1.0, max(value, centre + half)))


def efficiency(passed: Array, weights: Array | None = None, clusters: Array | None = None) -> Interval:
    """Fraction of rows that passed; ``passed`` bool [rows], ``weights`` [rows], ``clusters`` [rows] event numbers.

    >>> efficiency(np.array([True, True, True, False])).value
    0.75
    """
    mask = flat("passed", passed)
    share = weights_like("weights", mask.size, weights)
    fraction = _fraction(mask, share)
    entries = effective_entries(share) if clusters is None else _independent_rows(mask, share, fraction, clusters)
    return wilson(fraction * entries, entries)


def _independent_rows(mask: Floats, share: Floats, fraction: float, clusters: Array) -> float:
    """As many rows as have the variance of the clusters, at most those there are."""
    if np.size(clusters) != mask.size:
        raise UsageError(f"clusters: wanted {mask.size} event numbers, got {np.size(clusters)}")
    which = np.unique(clusters, return_inverse=True)[1]
    excess = np.bincount(which, weights=share * (mask - fraction)) / share.sum()
    entries, variance = effective_entries(share), float(excess @ excess)
    return min(entries, fraction * (1 - fraction) / variance) if variance > 0 and 0 < fraction < 1 else entries


def efficiency_above(scores: Array, threshold: float, weights: Array | None = None, clusters: Array | None = None) -> Interval:
    """Fraction of rows whose score is at least ``threshold``.

    >>> efficiency_above(np.array([0.2, 0.5, 0.9]), 0.5) == wilson(2, 3)
    True
    """
    return efficiency(flat("scores", scores) >= threshold, weights, clusters)


@dataclass(frozen=True)
class BinnedEfficiency:
    """Efficiency in bins of a variable: ``edges`` has one more entry than ``values``; an empty bin has no value."""

    edges: tuple[float, ...]
    values: tuple[Interval | None, ...]
    entries: tuple[int, ...]


def efficiency_in_bins(passed: Array, variable: Array, edges: Sequence[float], weights: Array | None = None) -> BinnedEfficiency:
    """Efficiency in the half-open bins ``[edges[i], edges[i+1])``, the last one closed; rows outside do not count.

    >>> binned = efficiency_in_bins(np.array([1, 0, 1]), np.array([2.1, 2.9, 4.0]), [2, 3, 4, 5])
    >>> [value and value.value for value in binned.values], binned.entries
    ([0.5, None, 1.0], (2, 0, 1))
    """
    bounds = np.asarray(edges, dtype=np.float64)
    if bounds.ndim != 1 or bounds.size < 2 or not (np.diff(bounds) > 0).all():
        raise UsageError(f"bin edges {list(edges)}: wanted two or more, increasing")
    mask, values = flat("passed", passed), flat("variable", variable)
    if mask.size != values.size:
        raise UsageError(f"efficiency in bins: {mask.size} rows of passed, {values.size} of the variable")
    share = weights_like("weights", mask.size, weights)
    which = np.digitize(values, bounds) - 1
    which[values == bounds[-1]] = bounds.size - 2
    inside = [which == index for index in range(bounds.size - 1)]
    return BinnedEfficiency(
        tuple(bounds.tolist()),
        tuple(efficiency(mask[rows], share[rows]) if share[rows].any() else None for rows in inside),
        tuple(int(rows.sum()) for rows in inside),
    )


def _fraction(mask: Floats, share: Floats) -> float:
    return min(1.0, float(mask @ share / share.sum()))
