"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.ultrafast_simulation.networks import Combined


def model(config: Config) -> Combined:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.ultrafast_simulation.networks import Combined

    return Combined(config.model.hidden, config.model.odds)


def loss(network: Combined, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.ultrafast_simulation.networks import combined_loss

    return combined_loss(network, inputs, target, weights)
