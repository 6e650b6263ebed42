"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.ultrafast_simulation.networks import Resolution


def model(config: Config) -> Resolution:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.ultrafast_simulation.networks import Resolution

    return Resolution(config.model.hidden)


def loss(network: Resolution, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.ultrafast_simulation.layers import density_loss

    return density_loss(network, inputs, target, weights)
