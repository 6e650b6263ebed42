"""The ROC curve, and the area under it with DeLong's interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bartik.core import Array, Interval
from bartik.metrics.arrays import Floats, effective_entries, flat, joined_clusters, weights_like
from bartik.metrics.efficiencies import wilson


@dataclass(frozen=True)
class Roc:
    """One point per distinct score, from the tightest threshold to the loosest; all [points]."""

    thresholds: Floats
    signal_efficiency: Floats
    background_rejection: Floats


def roc_curve(signal: Array, background: Array, signal_weights: Array | None = None, background_weights: Array | None = None) -> Roc:
    """Signal efficiency and background rejection at every threshold that tells rows apart.

    The first point passes nothing (threshold infinity), the last passes all. Equal scores make one point, so the curve
    does not depend on the order of rows.

    >>> curve = roc_curve(np.array([0.9, 0.8]), np.array([0.8, 0.1]))
    >>> curve.signal_efficiency.tolist(), curve.background_rejection.tolist()
    ([0.0, 0.5, 1.0, 1.0], [1.0, 1.0, 0.5, 0.0])
    """
    s, b = flat("signal scores", signal), flat("background scores", background)
    ws, wb = weights_like("signal weights", s.size, signal_weights), weights_like("background weights", b.size, background_weights)
    scores = np.concatenate([s, b])
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
    passed_s = np.cumsum(np.concatenate([ws, np.zeros(b.size)])[order])[last_of_tie]
    passed_b = np.cumsum(np.concatenate([np.zeros(s.size), wb])[order])[last_of_tie]
    return Roc(
        np.append(np.inf, scores[order][last_of_tie]),
        np.append(0.0, passed_s / passed_s[-1]),
        1.0 - np.append(0.0, passed_b / passed_b[-1]),
    )


def auc(
    signal: Array,
    background: Array,
    signal_weights: Array | None = None,
    background_weights: Array | None = None,
    *,
    clusters: tuple[Array, Array] | None = None,
) -> Interval:
    """Probability that a signal row scores above a background row, ties counting half.

    The interval is DeLong's (Biometrics 44 (1988) 837), computed by ranks (Sun and Xu, IEEE Signal Process. Lett. 21
    (2014) 1389) and taken on the logit so that it stays within 0 and 1. ``clusters``, event numbers of the signal and
    of the background rows, treats rows of one event as one draw (Obuchowski, Biometrics 53 (1997) 567). Where the
    samples separate fully no such variance exists; the interval is then Wilson's for the smaller sample.

    By hand: of the four pairs (3,2) (3,1) (1,2) (1,1) two are won and one is tied, 2.5 / 4.

    >>> auc(np.array([3, 1]), np.array([2, 1])).value
    0.625
    """
    s, b = flat("signal scores", signal), flat("background scores", background)
    ws, wb = weights_like("signal weights", s.size, signal_weights), weights_like("background weights", b.size, background_weights)
    won_s, won_b = _share_below(s, b, wb), 1.0 - _share_below(b, s, ws)
    value = float(won_s @ ws / ws.sum())
    pull_s, pull_b = ws * (won_s - value) / ws.sum(), wb * (won_b - value) / wb.sum()
    variance = _variance(pull_s, ws) + _variance(pull_b, wb) if clusters is None else _clustered(pull_s, pull_b, clusters)
    if not 0 < value < 1:
        entries = min(effective_entries(ws), effective_entries(wb))
        return wilson(round(value) * entries, entries)
    return _on_logit(value, math.sqrt(variance))


def _share_below(scores: Floats, others: Floats, weights: Floats) -> Floats:
    """Weighted share of ``others`` below each score, plus half of those equal to it."""
    order = np.argsort(others, kind="stable")
    below = np.append(0.0, np.cumsum(weights[order]))
    left, right = (np.searchsorted(others[order], scores, side=side) for side in ("left", "right"))
    share: Floats = (below[left] + below[right]) / (2 * below[-1])
    return share


def _variance(pulls: Floats, weights: Floats) -> float:
    entries = effective_entries(weights)
    return float((pulls**2).sum()) * (entries / (entries - 1) if entries > 1 else 1.0)


def _clustered(pull_s: Floats, pull_b: Floats, clusters: tuple[Array, Array]) -> float:
    _, which = np.unique(joined_clusters(clusters, pull_s.size, pull_b.size), return_inverse=True)
    sums = np.bincount(which, np.concatenate([pull_s, pull_b]))
    return float((sums**2).sum()) * (sums.size / (sums.size - 1) if sums.size > 1 else 1.0)


def _on_logit(value: float, sigma: float) -> Interval:
    centre, width = math.log(value / (1 - value)), sigma / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-(centre + sign * min(width, 700.0 - abs(centre))))) for sign in (-1, 1))
    return Interval(value, min(low, value), max(high, value))
