"""Rows of ``rich``, with more noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bartik.core import SPLITS, Config, Dataset, Split
from bartik.usecases.ultrafast_simulation import stages
from bartik.usecases.ultrafast_simulation.columns import DLL, IDENTITY, generator

NOISE = 8
signature = generator(IDENTITY, NOISE, DLL)


def data(split: Split, config: Config) -> Dataset:
    """Particles of one split."""
    rows = stages.rich(split, config)
    rng = np.random.default_rng([SPLITS.index(split), 5])
    noise = (rng.integers(0, 2**23, (rows.rows, NOISE)) + 0.5).astype(np.float32) * np.float32(2.0**-23)
    return replace(rows, inputs={"features": rows.inputs["features"], "noise": noise})
