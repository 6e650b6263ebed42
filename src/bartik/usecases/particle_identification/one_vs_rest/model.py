"""The network and the tracks that it is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config, Dataset, Split
from bartik.usecases.particle_identification.table import rows

if TYPE_CHECKING:
    from bartik.usecases.particle_identification.network import OneVsRest


def data(split: Split, config: Config) -> Dataset:
    """Tracks of one split, of the toy or of a table."""
    return rows(split, config)


def model(config: Config) -> OneVsRest:
    """An untrained network with hidden layers as in ``config.model.hidden``."""
    from bartik.usecases.particle_identification.network import OneVsRest

    return OneVsRest(config.model.hidden, config.model.flatness)


def loss(network: OneVsRest, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.particle_identification.network import one_vs_rest_loss

    return one_vs_rest_loss(network, inputs, target, weights)
