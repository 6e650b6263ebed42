"""Two samples compared, one quantity at a time: how far their distributions are apart, and what a cut keeps of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bartik.core import Array, Interval

_SPREAD = 0.2603
"""Standard deviation of Kolmogorov's distribution, of which sqrt(n) D is a number: A. Kolmogorov, G. Ist. Ital. Attuari 4 (1933) 83."""
_MEAN = 0.8687


class Cut(NamedTuple):
    """Efficiencies of a cut in bins: edges [bins + 1], of the first and the second sample [bins], and the error of their difference."""

    edges: Array
    first: Array
    second: Array
    error: Array

    @property
    def largest(self) -> Interval:
        """Largest absolute difference in any bin, and that bin's statistical error."""
        apart = np.abs(self.first - self.second)
        if not np.isfinite(apart).any():
            return Interval(float("nan"), float("nan"), float("nan"))
        place = int(np.nanargmax(apart))
        return Interval(float(apart[place]), max(0.0, float(apart[place] - self.error[place])), float(apart[place] + self.error[place]))


def ks_distance(first: Array, second: Array) -> Interval:
    """Largest difference of the two cumulative distributions (Kolmogorov and Smirnov), with the spread it has for equal ones.

    >>> ks_distance(np.arange(4.0), np.arange(4.0)).value, ks_distance(np.zeros(3), np.ones(3)).value
    (0.0, 1.0)
    """
    one, two = np.sort(np.asarray(first)), np.sort(np.asarray(second))
    points = np.concatenate([one, two])
    apart = np.abs(np.searchsorted(one, points, side="right") / len(one) - np.searchsorted(two, points, side="right") / len(two)).max()
    spread = _SPREAD / np.sqrt(len(one) * len(two) / (len(one) + len(two)))
    return Interval(float(apart), max(0.0, float(apart - spread)), min(1.0, float(apart + spread)))


def ks_floor(first: int, second: int) -> float:
    """Mean distance of two samples of so many rows from one distribution.

    >>> round(ks_floor(100_000, 100_000), 4)
    0.0039
    """
    return float(_MEAN / np.sqrt(first * second / (first + second)))


def cut_in_bins(passes: Sequence[Array], values: Sequence[Array], edges: Array, *, least: int = 200) -> Cut:
    """Share that ``passes`` (bool [rows] of two samples) in bins of ``values``; NaN where a sample has fewer than ``least`` rows."""
    shares, errors = [], []
    for passed, value in zip(passes, values, strict=True):
        every = np.histogram(value, edges)[0]
        kept = np.histogram(np.asarray(value)[np.asarray(passed, bool)], edges)[0]
        share = np.where(every >= least, kept / np.maximum(every, 1), np.nan)
        smoothed = (kept + 0.5) / (every + 1)
        shares.append(share)
        errors.append(smoothed * (1 - smoothed) / np.maximum(every, 1))
    return Cut(np.asarray(edges), shares[0], shares[1], np.sqrt(errors[0] + errors[1]))
