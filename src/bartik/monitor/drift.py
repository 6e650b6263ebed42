"""How far counts have moved from the reference, and whether that is more than chance, all columns and times together.

The population stability index (a symmetrised Kullback-Leibler divergence over bins of equal content; N. Siddiqi, Credit Risk Scorecards
(2006)) says how much; below 0.1 is usually taken as the same population, above 0.25 as another. Kolmogorov and Smirnov's largest
distance of the cumulative counts says whether it is chance; on bins its p-value errs to the careful side. With hundreds of
columns and slices some p-values are small by chance: the false discovery rate is held by Benjamini and Hochberg's procedure
(J. R. Stat. Soc. B 57 (1995) 289).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import kstwobign, norm

from bartik.core import Array, ConfigError
from bartik.monitor.sketch import Sketch


@dataclass(frozen=True)
class Thresholds:
    """From where on it is an alarm.

    ``psi`` of a column; ``rate``, relative change of what passes a working point; ``unseen``, share of values outside of the
    reference's range; ``missing``, share of rows without a value beyond that of the reference; and ``false_discoveries``, the share
    of alarms that may be chance.
    """

    psi: float = 0.1
    rate: float = 0.1
    unseen: float = 0.01
    missing: float = 0.01
    false_discoveries: float = 0.01

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Thresholds:
        """From the table ``monitor`` of a use case's configuration."""
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise ConfigError(f"monitor: no threshold {min(unknown)!r}", hint=f"known: {', '.join(cls.__dataclass_fields__)}")
        made = cls(**{name: float(value) for name, value in values.items()})
        if min(vars(made).values()) <= 0:
            raise ConfigError("monitor: a threshold is more than 0")
        return made


@dataclass(frozen=True)
class Drift:
    """A column of a slice against the reference: shares ``unseen`` (outside of its range) and ``missing``; ``p`` is that of ``ks``."""

    column: str
    psi: float
    ks: float
    p: float
    unseen: float
    missing: float


def drift(reference: Sketch, counts: Array, missing: int) -> Drift:
    """Of a slice with these ``counts`` in the bins of ``reference``."""
    rows = int(counts.sum())
    if not rows:
        return Drift(reference.name, 0.0, 0.0, 1.0, 0.0, 1.0 if missing else 0.0)
    ks = float(np.abs(np.cumsum(counts) / rows - np.cumsum(reference.counts) / reference.rows).max())
    effective = math.sqrt(rows * reference.rows / (rows + reference.rows))
    unseen = float(counts[0] + counts[-1]) / rows
    p = float(kstwobign.sf(effective * ks))
    return Drift(reference.name, stability_index(reference.counts, counts), ks, p, unseen, missing / (rows + missing))


def stability_index(reference: Array, counts: Array) -> float:
    """The population stability index of two sets of counts in the same bins, half a count added to each so that it is finite.

    By hand: shares 1/2, 1/2 against 1/4, 3/4 give (1/4 - 1/2) ln(1/2) + (3/4 - 1/2) ln(3/2).

    >>> round(stability_index(np.array([5e6, 5e6]), np.array([2.5e6, 7.5e6])), 4)
    0.2747
    """
    one, other = ((c + 0.5) / (c + 0.5).sum() for c in (reference.astype(np.float64), counts.astype(np.float64)))
    return float(((other - one) * np.log(other / one)).sum())


def proportions_p(passed: int, rows: int, reference_passed: int, reference_rows: int) -> float:
    """Two-sided p-value of two proportions that are the same, by the normal approximation with the pooled one."""
    if not rows or not reference_rows:
        return 1.0
    pooled = (passed + reference_passed) / (rows + reference_rows)
    sigma = math.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / reference_rows))
    return float(2 * norm.sf(abs(passed / rows - reference_passed / reference_rows) / sigma)) if sigma else 1.0


def discoveries(p: Array, rate: float) -> Array:
    """Which p-values are discoveries when at most the share ``rate`` of these may be false, bool [tests].

    >>> discoveries(np.array([0.001, 0.02, 0.03, 0.9]), 0.05).tolist()
    [True, True, True, False]
    """
    if not len(p):
        return np.zeros(0, bool)
    order = np.argsort(p)
    passed = np.flatnonzero(p[order] <= rate * np.arange(1, len(p) + 1) / len(p))
    found = np.zeros(len(p), bool)
    if len(passed):
        found[order[: passed[-1] + 1]] = True
    return found
