"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.ultrafast_simulation.networks import Rings


def model(config: Config) -> Rings:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.ultrafast_simulation.networks import Rings

    return Rings(config.model.hidden)


def loss(network: Rings, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.ultrafast_simulation.networks import rings_loss

    return rings_loss(network, inputs, target, weights)
