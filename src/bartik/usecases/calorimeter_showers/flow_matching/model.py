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
    from bartik.usecases.calorimeter_showers.hidden import Hidden

    options = config.model
    hidden = Hidden(geometry_of(config).response.threshold, energies_of(config), options.hidden)
    return ShowerMatching(hidden, options.velocity, options.steps)


def loss(network: ShowerMatching, inputs: Any, target: Any, weights: Any) -> Any:
    """Minus the bound of the log density for each voxel, and the squared differences of velocities and of the student, scalar."""
    bound, velocities, taught = network.losses(inputs["energy"], target)
    return ((bound / target.shape[1] + velocities + taught) * weights).sum() / weights.sum()
