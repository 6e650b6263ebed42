"""The network and the tracks that it is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config, Dataset, Split
from bartik.usecases.particle_identification.table import rows, with_channels
from bartik.usecases.particle_identification.toy import TRAINED

if TYPE_CHECKING:
    from bartik.usecases.particle_identification.network import Robust


def data(split: Split, config: Config) -> Dataset:
    """Tracks of one split, of the toy or of a table; the target is species and channel."""
    return with_channels(rows(split, config))


def model(config: Config) -> Robust:
    """An untrained network with hidden layers as in ``config.model.hidden``."""
    from bartik.usecases.particle_identification.network import Robust

    return Robust(config.model.hidden, len(TRAINED), config.model.within, config.model.orthogonality)


def loss(network: Robust, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.particle_identification.network import robust_loss

    return robust_loss(network, inputs, target, weights)
