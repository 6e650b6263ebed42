"""The network, and what it is trained for, made when they are needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.data_quality.network import ReferenceNetwork


def model(config: Config) -> ReferenceNetwork:
    """Untrained."""
    from bartik.usecases.data_quality.network import ReferenceNetwork

    options = config.model
    return ReferenceNetwork(options.width, options.heads, options.layers, options.inner, options.states, options.dropout)


def loss(network: ReferenceNetwork, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.data_quality.network import reference_loss

    return reference_loss(network, inputs, target, weights)
