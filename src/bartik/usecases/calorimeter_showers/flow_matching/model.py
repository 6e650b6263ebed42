"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config
from bartik.usecases.calorimeter_showers.sample import energies_of, geometry_of

if TYPE_CHECKING:
    from bartik.usecases.calorimeter_showers.flow_matching.network import ShowerMatching


def model(config: Config) -> ShowerMatching:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.calorimeter_showers.flow_matching.network import ShowerMatching

    options = config.model
    return ShowerMatching(geometry_of(config).response.threshold, energies_of(config), options.width, options.blocks, options.steps)


def loss(network: ShowerMatching, inputs: Any, target: Any, weights: Any) -> Any:
    """Squared difference between velocities, scalar."""
    return (network.matching(inputs["energy"], target) * weights).sum() / weights.sum()
