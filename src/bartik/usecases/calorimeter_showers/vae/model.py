"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config
from bartik.usecases.calorimeter_showers.sample import energies_of, geometry_of
from bartik.usecases.calorimeter_showers.vae.data import LATENT

if TYPE_CHECKING:
    from bartik.usecases.calorimeter_showers.vae.network import ShowerVae


def model(config: Config) -> ShowerVae:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.calorimeter_showers.vae.network import ShowerVae

    threshold = geometry_of(config).response.threshold
    return ShowerVae(threshold, energies_of(config), LATENT, config.model.hidden, config.model.beta)


def loss(network: ShowerVae, inputs: Any, target: Any, weights: Any) -> Any:
    """Minus the bound for each number of a shower, scalar."""
    return -(network.evidence(inputs["energy"], target) * weights).sum() / (weights.sum() * target.shape[1])
