"""The score of a stage that keeps some rows and drops others, at the threshold that keeps a given share of the true ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import auc
from bartik.usecases.velo_tracking.shares import TAUGHT, WORKING_POINT, at_threshold, threshold_for

Score = Callable[[Arrays, Dataset], dict[str, Interval]]
WorkingPoints = Callable[[Arrays, Dataset, Arrays, Dataset], dict[str, tuple[float, Interval, Interval]]]


def classifier_score(kept: float) -> Score:
    """Area under the ROC curve, and purity where this share of the true rows is kept."""

    def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
        """Of the first output, a probability [rows, 1]."""
        scores, true = outputs["score"][:, 0].astype(np.float64), data.target > 0
        _, purity = at_threshold(scores, data.target, weights_of(data), data.spectators["event"], threshold_for(scores, true, kept))
        return {"AUC": auc(scores[true], scores[~true]), f"purity at {kept:.2%} of true ones": purity}

    return score


def classifier_working_points(kept: float, taught: float | None = None) -> WorkingPoints:
    """The thresholds that keep these shares of the true rows of the validation events, and what they do on the test events.

    ``kept`` for tracks to be found, ``taught`` for the data of the stages behind this one.
    """
    shares = {WORKING_POINT: kept} | ({} if taught is None else {TAUGHT: taught})

    def working_points(
        outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
    ) -> dict[str, tuple[float, Interval, Interval]]:
        """Threshold, efficiency, purity of each."""
        chosen, scores = (array["score"][:, 0].astype(np.float64) for array in (outputs, test_outputs))
        thresholds = {name: threshold_for(chosen, validation.target > 0, wanted) for name, wanted in shares.items()}
        rows = test.target, weights_of(test), test.spectators["event"]
        return {name: (threshold, *at_threshold(scores, *rows, threshold)) for name, threshold in thresholds.items()}

    return working_points


def weights_of(data: Dataset) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """One for every row, unless rows were drawn."""
    return np.ones(data.rows) if data.weights is None else data.weights.astype(np.float64)
