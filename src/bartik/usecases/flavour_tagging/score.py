"""How good a tagger is by its own word and in truth."""

from __future__ import annotations

import numpy as np

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import auc, efficiency, mistag, realised_power, tagging_power

HEADLINE = "realised tagging power"
_HALF = 0.5


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Of the probability of flavour +1 [candidates, 1], before any calibration."""
    probability, flavour = outputs["score"][:, 0].astype(float), data.spectators["flavour"]
    return {
        HEADLINE: realised_power(probability, flavour),
        "claimed tagging power": tagging_power(probability),
        "mistag": mistag(probability, flavour),
        "AUC": auc(probability[flavour > 0], probability[flavour < 0]),
    }


def working_points(_: Arrays, __: Dataset, test_outputs: Arrays, test: Dataset) -> dict[str, tuple[float, Interval, Interval]]:
    """The decision: flavour +1 at or above a probability of a half; the shares of flavour +1 and of -1 that are tagged right."""
    said, flavour = test_outputs["score"][:, 0] >= _HALF, test.spectators["flavour"]
    return {"decision": (_HALF, efficiency(said[flavour > 0]), efficiency(np.logical_not(said[flavour < 0])))}
