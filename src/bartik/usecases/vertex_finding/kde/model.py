"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.vertex_finding.networks import Density


def model(config: Config) -> Density:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.vertex_finding.networks import Density

    return Density(config.model.hidden, config.model.sums, config.bins.low, config.bins.width)


def loss(network: Density, inputs: Any, target: Any, _weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.vertex_finding.losses import density_loss

    return density_loss(network(*inputs.values()), target)
