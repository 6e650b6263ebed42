"""What each stage keeps: shares with intervals that know that an event's doublets come together, and thresholds."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Interval
from bartik.metrics import bootstrap

WORKING_POINT = "kept"
"""The name under which each stage's bundle keeps its threshold."""
TAUGHT = "taught"
"""That of a tighter one, where there is one: the stages after it are taught on what passes this, a graph half as large."""


def share(part: Array, whole: Array, clusters: Array | None = None) -> Interval:
    """Sum of ``part`` over sum of ``whole`` [rows], 68.3%; rows with one number in ``clusters`` are drawn together."""
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    rows = np.arange(len(part)) if clusters is None else clusters
    return bootstrap(lambda drawn: float(drawn @ part) / max(float(drawn @ whole), 1e-9), rows)


def threshold_for(scores: Array, true: Array, kept: float) -> float:
    """The score that this share of the true rows reaches."""
    return float(np.quantile(scores[true], 1 - kept)) if true.any() else 0.0


def at_threshold(scores: Array, target: Array, weights: Array, events: Array, threshold: float) -> tuple[Interval, Interval]:
    """Efficiency and purity of the rows at or above a threshold."""
    passed, true = scores >= threshold, target > 0
    return share(weights * (passed & true), weights * true, events), share(weights * (passed & true), weights * passed, events)
