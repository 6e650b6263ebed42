"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.vertex_finding.networks import Finder


def model(config: Config) -> Finder:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.vertex_finding.networks import Aim, Finder

    aim = Aim(config.model.asymmetry, config.model.stretch)
    return Finder(config.model.channels, config.model.kernels, config.bins.low, config.bins.width, aim)


def loss(network: Finder, inputs: Any, target: Any, _weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.vertex_finding.losses import histogram_loss

    return histogram_loss(network, inputs, target)
