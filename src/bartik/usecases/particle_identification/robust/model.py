"""The network of all species, whose last layer is then replaced with the common part of a decomposed one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bartik.core import Config, ConfigError, Dataset, Progress, Split, UseCase
from bartik.usecases.particle_identification.table import rows

if TYPE_CHECKING:
    from bartik.usecases.particle_identification.network import MultiClass


def data(split: Split, config: Config) -> Dataset:
    """Tracks of one split, of the toy or of a table."""
    return rows(split, config)


def model(config: Config) -> MultiClass:
    """An untrained network with hidden layers as in ``config.model.hidden``."""
    from bartik.usecases.particle_identification.network import MultiClass

    return MultiClass(config.model.hidden, 0.0)


def train(usecase: UseCase, train: Dataset, validation: Dataset, config: Config, checkpoint: Path, progress: Progress) -> Any:
    """The network trained on all channels, with the common last layer; `ConfigError` where there is one channel only."""
    from bartik.train import fit, save_weights
    from bartik.usecases.particle_identification.network import multi_class_loss
    from bartik.usecases.particle_identification.stacked_network import common_layer

    if len(np.unique(train.spectators["channel"])) < 2:
        raise ConfigError(
            "robust: the tracks are of one channel, and nothing can be found that others share", hint="give a column 'channel', 0, 1, 2 ..."
        )
    plain = cast(UseCase, SimpleNamespace(signature=usecase.signature, model=model, loss=multi_class_loss))
    first = checkpoint.with_suffix(".body")
    network = cast("MultiClass", fit(plain, train, validation, config, first, progress))
    common_layer(network, train, config)
    save_weights(network, checkpoint)
    first.unlink(missing_ok=True)
    return network
