"""The network of all three."""

from __future__ import annotations

from bartik.core import Arrays, Config, Dataset, Interval
from bartik.metrics import auc
from bartik.nn.tabular import TabularClassifier
from bartik.nn.tabular import logistic_loss as loss

__all__ = ["loss", "model", "score"]


def model(config: Config) -> TabularClassifier:
    """Two inputs, one hidden layer."""
    return TabularClassifier((False, False), config.model.hidden)


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Area under the ROC curve."""
    flat = outputs["score"].reshape(-1)
    return {"AUC": auc(flat[data.target == 1], flat[data.target == 0])}
