"""Rows of two columns, of which the target follows the product: no straight cut finds it."""

from __future__ import annotations

import numpy as np

from bartik.core import SPLITS, Column, Config, Dataset, Split, table

signature = table((Column("left", "mm"), Column("right", "mm")))


def data(split: Split, config: Config) -> Dataset:
    """Rows of one split; every third event is its own."""
    number = SPLITS.index(split)
    random = np.random.default_rng([config.data.seed, number])
    features = random.normal(size=(config.data.rows, 2)).astype(np.float32)
    noise = random.random(config.data.rows) < 0.1
    target = ((features[:, 0] * features[:, 1] > 0) ^ noise).astype(np.float32)
    return Dataset({"features": features}, target, None, {"event": 3 * np.arange(config.data.rows) + number}, "generated rows")
