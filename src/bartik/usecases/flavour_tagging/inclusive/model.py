"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.flavour_tagging.inclusive.network import InclusiveTagger


def model(config: Config) -> InclusiveTagger:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.flavour_tagging.inclusive.network import InclusiveTagger

    return InclusiveTagger(config.model.inner, config.model.outer, config.model.more)


def loss(network: InclusiveTagger, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.flavour_tagging.layers import tagger_loss

    return tagger_loss(network, inputs, target, weights)
