"""The score of a stage that keeps some rows and drops others, at the threshold that keeps a given share of the true ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import auc
from bartik.usecases.velo_tracking.shares import WORKING_POINT, at_threshold, threshold_for

Score = Callable[[Arrays, Dataset], dict[str, Interval]]
WorkingPoints = Callable[[Arrays, Dataset, Arrays, Dataset], dict[str, tuple[float, Interval, Interval]]]


def classifier_score(kept: float) -> Score:
    """Area under the ROC curve, and purity where this share of the true rows is kept."""

    def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
        """Of the first output, a probability [rows, 1]."""
        scores, true = outputs["score"][:, 0].astype(np.float64), data.target > 0
        _, purity = at_threshold(scores, data.target, weights_of(data), data.spectators["event"], threshold_for(scores, true, kept))
        return {"AUC": auc(scores[true], scores[~true]), f"purity at {kept:.1%} of true ones": purity}

    return score


def classifier_working_points(kept: float) -> WorkingPoints:
    """The threshold that keeps this share of the true rows of the validation events, and what it does on the test events."""

    def working_points(
        outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
    ) -> dict[str, tuple[float, Interval, Interval]]:
        """Threshold, efficiency, purity."""
        threshold = threshold_for(outputs["score"][:, 0].astype(np.float64), validation.target > 0, kept)
        scores = test_outputs["score"][:, 0].astype(np.float64)
        return {WORKING_POINT: (threshold, *at_threshold(scores, test.target, weights_of(test), test.spectators["event"], threshold))}

    return working_points


def weights_of(data: Dataset) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """One for every row, unless rows were drawn."""
    return np.ones(data.rows) if data.weights is None else data.weights.astype(np.float64)
