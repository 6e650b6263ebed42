"""Thresholds at a wanted signal efficiency, and the background rejection there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Interval, UsageError
from bartik.metrics.arrays import Floats, effective_entries, flat, joined_clusters, weights_like
from bartik.metrics.efficiencies import wilson
from bartik.metrics.resampling import bootstrap

_ROUNDING = 1e-12
"""Relative slack on a sum of weights, so that 99 of 100 is an efficiency of 0.99."""


def threshold_at_efficiency(signal: Array, efficiency: float, weights: Array | None = None) -> float:
    """The largest threshold that keeps at least the share ``efficiency`` of the signal; a row at it passes.

    >>> threshold_at_efficiency(np.array([0.1, 0.6, 0.7, 0.8, 0.9]), 0.8)
    0.6
    """
    scores = flat("signal scores", signal)
    share = weights_like("weights", scores.size, weights)
    order = np.argsort(-scores, kind="stable")
    return float(scores[order][_reach(share[order], _checked(efficiency))])


def rejection_at_efficiency(
    signal: Array,
    background: Array,
    efficiency: float,
    signal_weights: Array | None = None,
    background_weights: Array | None = None,
    *,
    clusters: tuple[Array, Array] | None = None,
    replicas: int = 400,
    seed: int = 0,
) -> Interval:
    """Share of the background below the threshold that keeps the share ``efficiency`` of the signal.

    The interval holds the uncertainty of the threshold too: each replica of a bootstrap finds its own. ``clusters``,
    event numbers of the signal and of the background rows, draws whole events, for rows of one event are alike. It is
    never narrower than Wilson's for the background alone, which matters where all or none of it is rejected and the
    replicas cannot move.

    By hand: 4 of 5 signal rows pass at 0.6, where 3 of 4 background rows do not.

    >>> signal, background = np.array([0.1, 0.6, 0.7, 0.8, 0.9]), np.array([0.2, 0.3, 0.5, 0.65])
    >>> rejection_at_efficiency(signal, background, 0.8).value
    0.75
    """
    s, b = flat("signal scores", signal), flat("background scores", background)
    ws, wb = weights_like("signal weights", s.size, signal_weights), weights_like("background weights", b.size, background_weights)
    statistic = _Rejection.of(s, b, ws, wb, _checked(efficiency))
    names = np.arange(s.size + b.size) if clusters is None else joined_clusters(clusters, s.size, b.size)
    drawn = bootstrap(statistic, names, replicas=replicas, seed=seed)
    entries = effective_entries(wb)
    counted = wilson(min(drawn.value, 1.0) * entries, entries)
    return Interval(drawn.value, min(drawn.low, counted.low), max(drawn.high, counted.high))


@dataclass(frozen=True)
class _Rejection:
    """Rejection as a function of how often each row was drawn; all sorting is done once, before."""

    signal_order: npt.NDArray[np.intp]
    background_order: npt.NDArray[np.intp]
    passing: npt.NDArray[np.intp]
    signal_weights: Floats
    background_weights: Floats
    efficiency: float

    @classmethod
    def of(cls, s: Floats, b: Floats, ws: Floats, wb: Floats, efficiency: float) -> _Rejection:
        """Sort from high to low; ``passing[i]`` background rows reach the signal row of rank i."""
        order_s, order_b = np.argsort(-s, kind="stable"), np.argsort(-b, kind="stable")
        passing = np.searchsorted(-b[order_b], -s[order_s], side="right")
        return cls(order_s, order_b, passing, ws[order_s], wb[order_b], efficiency)

    def __call__(self, drawn: Floats) -> float:
        split = self.signal_order.size
        ws = self.signal_weights * drawn[:split][self.signal_order]
        wb = self.background_weights * drawn[split:][self.background_order]
        if not ws.any() or not wb.any():
            return float("nan")
        below = wb[self.passing[_reach(ws, self.efficiency)] :]
        return float(below.sum() / wb.sum())


def _reach(sorted_weights: Floats, efficiency: float) -> int:
    """First rank at which the running share of the weights is the efficiency."""
    running = np.cumsum(sorted_weights)
    wanted = efficiency * running[-1] * (1 - _ROUNDING)
    return int(min(np.searchsorted(running, wanted), running.size - 1))


def _checked(efficiency: float) -> float:
    if not 0 < efficiency <= 1:
        raise UsageError(f"signal efficiency {efficiency}: wanted a share above 0 and at most 1")
    return efficiency
