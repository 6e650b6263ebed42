"""What the table is compared with: trees without bins, trees that are flat in lifetime and mass, and the cuts before them."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Config, Dataset
from bartik.usecases.topological_trigger.columns import COLUMNS
from bartik.usecases.topological_trigger.cuts import tightness
from bartik.usecases.topological_trigger.trees import answers, boosted, event_weights
from bartik.usecases.topological_trigger.uniform import Growth, UniformTrees, boost, quantile_bins

_CORRECTED = [column.name for column in COLUMNS].index("m_corrected")


def peers(train: Dataset, test: Dataset, config: Config) -> dict[str, Array]:
    """Scores [rows, 1] of each peer on the test rows."""
    features = test.inputs["features"]
    found = {
        "BDT": answers(boosted(train.inputs["features"], train, config), features),
        "uniform": train_uniform(train, config).scores(features),
        "cuts": tightness(features),
    }
    return {name: np.asarray(scores, np.float32)[:, np.newaxis] for name, scores in found.items()}


def train_uniform(train: Dataset, config: Config) -> UniformTrees:
    """Trees that are flat in the lifetime and in the corrected mass of signal."""
    options, signal = config.uniform, train.target > 0.5
    along = (train.spectators["time"], train.inputs["features"][:, _CORRECTED])
    return boost(
        train.inputs["features"],
        train.target,
        event_weights(train),
        [quantile_bins(values, signal, options.bins) for values in along],
        Growth(options.number, options.depth, options.learning_rate, options.flatness, config.train.seed),
    )
