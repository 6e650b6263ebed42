"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config
from bartik.usecases.ultrafast_simulation.columns import PARTICLE

if TYPE_CHECKING:
    from bartik.usecases.ultrafast_simulation.layers import Probabilities


def model(config: Config) -> Probabilities:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.ultrafast_simulation.layers import Probabilities

    return Probabilities([column.name for column in PARTICLE], 4, config.model.hidden)


def loss(network: Probabilities, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.ultrafast_simulation.layers import probability_loss

    return probability_loss(network, inputs, target, weights)
