"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.ultrafast_simulation.neutral.network import Objects


def model(config: Config) -> Objects:
    """An untrained network of the kind and the sizes in ``config.model``."""
    from bartik.usecases.ultrafast_simulation.neutral.network import Objects

    return Objects(config.model)


def loss(network: Objects, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.ultrafast_simulation.neutral.network import object_loss

    return object_loss(network, inputs, target, weights)
