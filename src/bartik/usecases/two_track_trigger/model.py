"""The network: logarithms and scaling, 4-20-20-1 with bounded weights and sorted pairs, a sum that makes it rise, sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config
from bartik.usecases.two_track_trigger.columns import DIRECTIONS, LOGARITHMIC

if TYPE_CHECKING:
    from bartik.nn.lipschitz import LipschitzClassifier


def model(config: Config) -> LipschitzClassifier:
    """An untrained network; ``config.model``: sizes of the hidden layers, and ``bound``, the λ of the certificate."""
    from bartik.nn.lipschitz import LipschitzClassifier

    return LipschitzClassifier(LOGARITHMIC, config.model.hidden, config.model.bound, DIRECTIONS)


def loss(network: LipschitzClassifier, inputs: Any, target: Any, weights: Any) -> Any:
    """Weighted binary cross entropy, scalar."""
    from bartik.nn.tabular import logistic_loss

    return logistic_loss(network, inputs, target, weights)
