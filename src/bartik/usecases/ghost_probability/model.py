"""The network: preprocessing, 17-25-20-1 dense layers with ReLU, sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config
from bartik.usecases.ghost_probability.features import LOGARITHMIC

if TYPE_CHECKING:
    from bartik.nn.tabular import TabularClassifier


def model(config: Config) -> TabularClassifier:
    """An untrained network; hidden layers as in ``config.model.hidden``."""
    from bartik.nn.tabular import TabularClassifier

    return TabularClassifier(LOGARITHMIC, config.model.hidden)


def loss(network: TabularClassifier, inputs: Any, target: Any, weights: Any) -> Any:
    """Weighted binary cross entropy, scalar."""
    from bartik.nn.tabular import logistic_loss

    return logistic_loss(network, inputs, target, weights)
