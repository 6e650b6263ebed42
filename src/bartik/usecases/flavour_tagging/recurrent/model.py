"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.flavour_tagging.recurrent.network import RecurrentTagger


def model(config: Config) -> RecurrentTagger:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.flavour_tagging.recurrent.network import RecurrentTagger

    return RecurrentTagger(config.model.inner, config.model.outer, config.model.more, config.model.width)


def loss(network: RecurrentTagger, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.flavour_tagging.layers import tagger_loss

    return tagger_loss(network, inputs, target, weights)
