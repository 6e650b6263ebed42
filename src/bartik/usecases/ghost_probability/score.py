"""Metrics of a ghost score at the working points of the trigger. A score is high for ghosts."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import auc, efficiency_above, rejection_at_efficiency, threshold_at_efficiency

EFFICIENCIES = (0.99, 0.95)
"""Shares of real tracks to keep."""
HEADLINE = "ghost rejection at 99% efficiency"


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Area under the ROC curve, and the share of ghosts rejected where 99% and 95% of real tracks are kept.

    Intervals are 68.3% and treat the tracks of one event as one draw.
    """
    real, ghost = tracks(outputs["score"], data)
    events = data.spectators["event"]
    clusters = (events[data.target == 0], events[data.target == 1])
    rejections = {
        f"ghost rejection at {wanted:.0%} efficiency": rejection_at_efficiency(real, ghost, wanted, clusters=clusters, seed=1)
        for wanted in EFFICIENCIES
    }
    return {"AUC": auc(real, ghost, clusters=clusters)} | rejections


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """Cuts on the ghost probability, a track is kept at or below it: threshold, efficiency, ghost rejection.

    Thresholds come from the validation tracks, efficiency and rejection from the test tracks; the intervals are 68.3% and
    treat the tracks of one event as one draw.
    """
    chosen, _ = tracks(outputs["score"], validation)
    real, ghost = tracks(test_outputs["score"], test)
    events = test.spectators["event"]
    found = {}
    for wanted in EFFICIENCIES:
        cut = threshold_at_efficiency(chosen, wanted)
        kept = efficiency_above(ghost, cut, clusters=events[test.target == 1])
        rejected = Interval(1 - kept.value, 1 - kept.high, 1 - kept.low)
        found[f"{wanted:.0%} of real tracks"] = (-cut, efficiency_above(real, cut, clusters=events[test.target == 0]), rejected)
    return found


def tracks(scores: Array, data: Dataset) -> tuple[Array, Array]:
    """Scores of real tracks and of ghosts, turned so that a higher one is more like a real track."""
    turned = -np.asarray(scores, dtype=np.float64).reshape(-1)
    return turned[data.target == 0], turned[data.target == 1]
