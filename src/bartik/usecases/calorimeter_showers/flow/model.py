"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config, UnavailableError
from bartik.usecases.calorimeter_showers.sample import energies_of, geometry_of

if TYPE_CHECKING:
    from bartik.usecases.calorimeter_showers.flow.network import ShowerFlow


def model(config: Config) -> ShowerFlow:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.calorimeter_showers.flow.network import ShowerFlow
    from bartik.usecases.calorimeter_showers.hidden import Hidden

    options = config.model
    hidden = Hidden(geometry_of(config).response.threshold, energies_of(config), options.hidden)
    return ShowerFlow(hidden, options.flow, options.couplings, options.bins)


def loss(network: ShowerFlow, inputs: Any, target: Any, weights: Any) -> Any:
    """Minus the bound of the log density for each voxel, scalar."""
    try:
        found = network.evidence(inputs["energy"], target)
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"the flow is trained with {error.name}, which is not installed", hint="pip install 'bartik[flows]'"
        ) from error
    return -(found * weights).sum() / (weights.sum() * target.shape[1])
