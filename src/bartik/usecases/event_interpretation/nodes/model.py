"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.event_interpretation.nodes.network import NodeNetwork


def model(config: Config) -> NodeNetwork:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.event_interpretation.nodes.network import NodeNetwork

    return NodeNetwork(config.model.width, config.model.steps)


def loss(network: NodeNetwork, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.event_interpretation.nodes.network import loss as of

    return of(network, inputs, target, weights)
