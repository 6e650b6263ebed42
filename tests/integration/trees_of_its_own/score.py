"""How well the two kinds are told apart."""

from __future__ import annotations

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import auc, efficiency_above, threshold_at_efficiency


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Area under the ROC curve."""
    flat = outputs["score"].reshape(-1)
    return {"AUC": auc(flat[data.target == 1], flat[data.target == 0])}


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """The cut that keeps 90%, chosen on the validation rows and measured on the test rows."""
    cut = threshold_at_efficiency(outputs["score"][validation.target == 1, 0], 0.9)
    found = test_outputs["score"][:, 0]
    kept = efficiency_above(found[test.target == 0], cut)
    rejected = Interval(1 - kept.value, 1 - kept.high, 1 - kept.low)
    return {"90% of the first kind": (cut, efficiency_above(found[test.target == 1], cut), rejected)}
