"""The score of a stage that keeps some rows and drops others, at the threshold that keeps a given share of the true ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import auc, bootstrap
from bartik.usecases.event_interpretation.stages import WORKING_POINT

Score = Callable[[Arrays, Dataset], dict[str, Interval]]
Point = tuple[float, Interval, Interval]
WorkingPoints = Callable[[Arrays, Dataset, Arrays, Dataset], dict[str, Point]]


def score_at(output: str, kept: float) -> Score:
    """Area under the ROC curve, and the share of all rows that is dropped where this share of the true ones is kept."""

    def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
        """Of the first output, a probability [rows, 1]."""
        scores, true = outputs[output][:, 0].astype(np.float64), truth_of(data)
        _, dropped = at_threshold(scores, true, data.spectators["event"], threshold_for(scores, true, kept))
        return {"AUC": auc(scores[true], scores[~true]), headline(kept): dropped}

    return score


def working_points_at(output: str, kept: float) -> WorkingPoints:
    """The threshold that keeps this share of the true rows of the validation events, and what it does on the test events."""

    def working_points(outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset) -> dict[str, Point]:
        """Threshold, efficiency, share of rows dropped."""
        threshold = threshold_for(outputs[output][:, 0].astype(np.float64), truth_of(validation), kept)
        scores = test_outputs[output][:, 0].astype(np.float64)
        return {WORKING_POINT: (threshold, *at_threshold(scores, truth_of(test), test.spectators["event"], threshold))}

    return working_points


def headline(kept: float) -> str:
    """What the share of dropped rows is called."""
    return f"dropped at {kept:.0%} of true ones"


def truth_of(data: Dataset) -> Array:
    """Whether rows are true [rows]: the target, or its last column where there are several, is above nothing."""
    target = data.target if data.target.ndim == 1 else data.target[:, -1]
    return np.asarray(target > 0)


def threshold_for(scores: Array, true: Array, kept: float) -> float:
    """The score that this share of the true rows reaches."""
    return float(np.quantile(scores[true], 1 - kept)) if true.any() else 0.0


def at_threshold(scores: Array, true: Array, events: Array, threshold: float) -> tuple[Interval, Interval]:
    """Efficiency for true rows, and share of all rows dropped, below a threshold; events are drawn anew for the intervals."""
    passed = scores >= threshold
    return share(passed & true, true, events), share(~passed, np.ones(len(passed)), events)


def share(part: Array, whole: Array, events: Array) -> Interval:
    """Sum of ``part`` over sum of ``whole`` [rows], 68.3%."""
    some, every = np.asarray(part, float), np.asarray(whole, float)
    return bootstrap(lambda drawn: float(drawn @ some) / max(float(drawn @ every), 1e-9), events)
