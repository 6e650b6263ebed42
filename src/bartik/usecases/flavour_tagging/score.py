"""How good a tagger is by its own word and in truth."""

from __future__ import annotations

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import auc, mistag, realised_power, tagging_power

HEADLINE = "realised tagging power"


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Of the probability of flavour +1 [candidates, 1], before any calibration."""
    probability, flavour = outputs["score"][:, 0].astype(float), data.spectators["flavour"]
    return {
        HEADLINE: realised_power(probability, flavour),
        "claimed tagging power": tagging_power(probability),
        "mistag": mistag(probability, flavour),
        "AUC": auc(probability[flavour > 0], probability[flavour < 0]),
    }
