"""A stream of rows against a bundle's reference: drift of inputs and score, rates of working points, calibration and area, over time."""

from __future__ import annotations

import math

import numpy as np

from bartik.core import Array, Interval, Progress, Session
from bartik.core.bundle import Bundle
from bartik.core.ragged import is_ragged
from bartik.metrics import wilson
from bartik.monitor.alarms import judged
from bartik.monitor.drift import Thresholds, drift
from bartik.monitor.events import EventWindows
from bartik.monitor.reference import Reference
from bartik.monitor.result import Monitored, Slice
from bartik.monitor.stream import Stream, Windows, summed
from bartik.monitor.window import Window

_DRAWN = 3
"""Columns of which all bins are kept."""


def watch(
    bundle: Bundle, reference: Reference, session: Session, stream: Stream, thresholds: Thresholds, progress: Progress = lambda _: None
) -> Monitored:
    """Run ``session``, the bundle's, on all of ``stream`` and compare what it sees with ``reference``; memory stays as it is."""
    kind = EventWindows if is_ragged(bundle.signature) else Windows
    windows = kind(bundle, reference, session, stream)
    windows.read(progress)
    whole = summed("all", windows.found)
    every = [_slice(reference, window) for window in (whole, *windows.found)]
    first, *slices = judged(reference, every, thresholds)
    rates = {point: passed / reference.rows for point, passed in reference.passed.items()}
    return Monitored(
        bundle.name,
        bundle.digest,
        reference.rows,
        rates,
        thresholds,
        first,
        tuple(slices),
        _calibration(whole),
        _moved(reference, whole, first),
    )


def _moved(reference: Reference, whole: Window, first: Slice) -> dict[str, tuple[Array, Array, Array]]:
    """The three that moved most."""
    counts = dict(zip((*(one.name for one in reference.columns), "score"), (*whole.counts, whole.scores), strict=True))
    sketches = {one.name: one for one in reference.columns} | {"score": reference.score}
    most = sorted(first.drifts, key=lambda one: -one.psi)[:_DRAWN]
    return {one.column: (sketches[one.column].edges, sketches[one.column].counts, counts[one.column]) for one in most}


def _slice(reference: Reference, window: Window) -> Slice:
    drifts = [drift(*parts) for parts in zip(reference.columns, window.counts, window.missing, strict=True)]
    drifts.append(drift(reference.score, window.scores, window.rows - window.scored))
    rates = {name: wilson(passed, window.scored) for name, passed in window.passed.items()} if window.scored else {}
    return Slice(window.name, window.rows, tuple(drifts), rates, binned_auc(*window.classes), _bias(window))


def binned_auc(background: Array, signal: Array) -> Interval | None:
    """Area under the ROC curve from counts in bins of the score, pairs in one bin counting half; nothing without both classes.

    The interval (68.3%) is that of Hanley and McNeil, Radiology 143 (1982) 29.

    >>> binned_auc(np.array([1, 1, 0]), np.array([0, 1, 1])).value
    0.875
    """
    total_b, total_s = int(background.sum()), int(signal.sum())
    if not total_b or not total_s:
        return None
    below = np.cumsum(background) - background
    area = float((signal * (below + background / 2)).sum() / (total_s * total_b))
    q_1, q_2 = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (total_s - 1) * (q_1 - area * area) + (total_b - 1) * (q_2 - area * area)
    sigma = math.sqrt(max(0.0, spread) / (total_s * total_b))
    return Interval(area, max(0.0, area - sigma), min(1.0, area + sigma))


def _bias(window: Window) -> Interval | None:
    """Mean score less the share of signal, with the binomial error of the share; nothing without truth."""
    total = int(window.classes.sum())
    if not total:
        return None
    share = wilson(int(window.classes[1].sum()), total)
    value = float(window.sums.sum()) / total - share.value
    return Interval(value, value - (share.high - share.value), value + (share.value - share.low))


def _calibration(whole: Window) -> tuple[tuple[float, float, int], ...]:
    totals = whole.classes.sum(axis=0)
    rows = [(whole.sums[k] / n, whole.classes[1, k] / n, int(n)) for k, n in enumerate(totals) if n]
    return tuple((float(mean), float(share), n) for mean, share, n in rows)
