"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.vertex_finding.networks import Small


def model(config: Config) -> Small:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.vertex_finding.networks import Aim, Small

    sizes, bins = config.model, config.bins
    aim = Aim(sizes.asymmetry, sizes.stretch)
    return Small(sizes.reach, sizes.channels, sizes.kernel, sizes.dilations, bins.low, bins.width, aim)


def loss(network: Small, inputs: Any, target: Any, _weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.vertex_finding.losses import histogram_loss

    return histogram_loss(network, inputs, target)
