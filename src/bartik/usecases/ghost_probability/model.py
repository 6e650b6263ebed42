"""The network: preprocessing, 17-25-20-1 dense layers with ReLU, sigmoid."""

from __future__ import annotations

from bartik.core import Config
from bartik.nn.tabular import TabularClassifier
from bartik.nn.tabular import logistic_loss as loss
from bartik.usecases.ghost_probability.features import LOGARITHMIC

__all__ = ["loss", "model"]


def model(config: Config) -> TabularClassifier:
    """An untrained network; hidden layers as in ``config.model.hidden``."""
    return TabularClassifier(LOGARITHMIC, config.model.hidden)
