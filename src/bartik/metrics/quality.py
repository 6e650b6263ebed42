"""Runs judged one after the other: how many are judged right, and how soon after the conditions changed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bartik.core import Array, Interval, UsageError


class Judgement(NamedTuple):
    """Shares of the runs: ``sensitivity`` of bad ones that are flagged, ``specificity`` of good ones that are not, and their mean."""

    balanced_accuracy: float
    sensitivity: float
    specificity: float


def judgement(scores: Array, bad: Array, threshold: float) -> Judgement:
    """Of runs that are flagged at or above ``threshold``.

    >>> judgement(np.array([0.1, 0.6, 0.7, 0.9]), np.array([False, False, True, True]), 0.65)
    Judgement(balanced_accuracy=1.0, sensitivity=1.0, specificity=1.0)
    """
    flagged, wrong = np.asarray(scores) >= threshold, np.asarray(bad, bool)
    _both(wrong)
    sensitivity, specificity = float(flagged[wrong].mean()), float((~flagged[~wrong]).mean())
    return Judgement((sensitivity + specificity) / 2, sensitivity, specificity)


def best_threshold(scores: Array, bad: Array) -> float:
    """With the largest balanced accuracy on these runs: half way between two scores; the lowest of several.

    >>> best_threshold(np.array([1.0, 2.0, 4.0, 5.0]), np.array([False, False, True, True]))
    3.0
    """
    values, wrong = np.asarray(scores, np.float64), np.asarray(bad, bool)
    _both(wrong)
    order = np.argsort(values, kind="stable")
    rising, wrong = values[order], wrong[order]
    below_good, below_bad = np.cumsum(~wrong)[:-1] / (~wrong).sum(), np.cumsum(wrong)[:-1] / wrong.sum()
    gain = np.where(np.diff(rising) > 0, below_good - below_bad, -np.inf)
    if not (gain > 0).any():
        return float(rising[-1])
    place = int(np.argmax(gain))
    return float((rising[place] + rising[place + 1]) / 2)


def runs_to_adapt(scores: Array, bad: Array, jumped: Array, threshold: float) -> Array:
    """Good runs that are flagged after each jump of the conditions, until one is not or the conditions jump again, [jumps].

    0 where the first run after it is not flagged. The number of steps to adapt of arXiv:2501.19237, with a patience of one run.

    >>> runs_to_adapt(np.array([0, 9, 9, 9, 0]), np.zeros(5, bool), np.array([0, 1, 0, 0, 0], bool), 5)
    array([3])
    """
    places = np.flatnonzero(jumped)
    ends = np.append(places, len(scores))[1:]
    found = []
    for start, end in zip(places, ends, strict=True):
        calm = np.asarray(scores[start:end])[~np.asarray(bad[start:end], bool)] < threshold
        found.append(int(np.argmax(calm)) if calm.any() else len(calm))
    return np.array(found, dtype=np.int64)


def jaccard(flagged: Array, wrong: Array) -> Array:
    """Bins in both over bins in either, of each run of bool [runs, bins]; NaN for a run with neither.

    >>> jaccard(np.array([[True, True, False]]), np.array([[False, True, True]])).round(3).tolist()
    [0.333]
    """
    both, either = (flagged & wrong).sum(axis=1), (flagged | wrong).sum(axis=1)
    return np.where(either > 0, both / np.maximum(either, 1), np.nan)


def mean_of(values: Array) -> Interval:
    """Mean of independent repetitions (seeds), and its standard error from their spread; of one the value alone.

    >>> mean_of(np.array([1.0, 3.0]))
    Interval(value=2.0, low=1.0, high=3.0)
    """
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not known.size:
        raise UsageError("a mean of no values")
    error = float(known.std(ddof=1) / np.sqrt(known.size)) if known.size > 1 else 0.0
    value = float(known.mean())
    return Interval(value, value - error, value + error)


def _both(bad: Array) -> None:
    if not bad.any() or bad.all():
        raise UsageError(f"{int(bad.sum())} of {bad.size} runs are bad", hint="wanted some of both")
