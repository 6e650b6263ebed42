"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config
from bartik.usecases.calorimeter_showers.sample import energies_of, geometry_of
from bartik.usecases.calorimeter_showers.size import LATENT

if TYPE_CHECKING:
    from bartik.usecases.calorimeter_showers.vae.network import ShowerVae


def model(config: Config) -> ShowerVae:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.calorimeter_showers.hidden import Hidden
    from bartik.usecases.calorimeter_showers.vae.network import ShowerVae

    hidden = Hidden(geometry_of(config).response.threshold, energies_of(config), config.model.hidden)
    return ShowerVae(hidden, config.model.beta, config.model.second)


def loss(network: ShowerVae, inputs: Any, target: Any, weights: Any) -> Any:
    """Minus the bound for each voxel, and minus that of each hidden number, scalar; the second trains the second autoencoder alone."""
    first, second = network.evidences(inputs["energy"], target)
    return -((first / target.shape[1] + second / LATENT) * weights).sum() / weights.sum()
