"""The network and the tracks that it is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config, Dataset, Split
from bartik.usecases.particle_identification.table import rows

if TYPE_CHECKING:
    from bartik.usecases.particle_identification.network import MultiClass


def data(split: Split, config: Config) -> Dataset:
    """Tracks of one split, of the toy or of a table."""
    return rows(split, config)


def model(config: Config) -> MultiClass:
    """An untrained network with hidden layers as in ``config.model.hidden``."""
    from bartik.usecases.particle_identification.network import MultiClass

    return MultiClass(config.model.hidden, config.model.flatness)


def loss(network: MultiClass, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.particle_identification.network import multi_class_loss

    return multi_class_loss(network, inputs, target, weights)
