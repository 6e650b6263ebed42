"""Four features of a candidate: two of its momentum, two of its vertex."""

from __future__ import annotations

import numpy as np

from bartik.core import SPLITS, Array, Split

KINEMATICS, VERTEX = slice(0, 2), slice(2, 4)


def rows(split: Split, number: int, seed: int) -> tuple[Array, Array]:
    """Features [rows, 4] and target [rows]."""
    random = np.random.default_rng([seed, SPLITS.index(split)])
    target = (random.random(number) < 0.5).astype(np.float32)
    features = random.normal(size=(number, 4)) + 0.8 * target[:, None]
    return features.astype(np.float32), target
