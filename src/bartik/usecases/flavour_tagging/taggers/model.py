"""The networks, made when they are needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.flavour_tagging.taggers.network import SingleTaggers


def model(config: Config) -> SingleTaggers:
    """Untrained networks with hidden layers as in ``config.model.hidden``."""
    from bartik.usecases.flavour_tagging.taggers.network import SingleTaggers

    return SingleTaggers(config.model.hidden)


def loss(network: SingleTaggers, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.flavour_tagging.taggers.network import taggers_loss

    return taggers_loss(network, inputs, target, weights)
