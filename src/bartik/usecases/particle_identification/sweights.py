"""Weights that may be negative, made such that a training can take them.

With sWeights some rows have negative weights, and a loss that sums them has no least value: a network can make it as small as it wants
on a row with a negative weight. The mean weight of tracks that look alike is their share of signal, which is not negative: each weight
is replaced with that mean, learnt by regression (M. Borisyak, N. Kazeev, JINST 14 (2019) P08020, arXiv:1905.11719).
"""

from __future__ import annotations

import numpy as np

from bartik.core import Array

_LEAVES, _TREES = 16, 60
_FEW = 40
"""Rows a leaf must have."""


def positive_weights(features: Array, species: Array, weights: Array, seed: int = 1) -> Array:
    """Weights [rows], none below 0, float32; those that have none below 0 are left as they are.

    For ``features`` [rows, columns], whole numbers ``species`` [rows], whose sums of weights are kept where they are positive.
    """
    given = np.asarray(weights, np.float64)
    if (given >= 0).all():
        return given.astype(np.float32)
    found = np.maximum(_regression(np.column_stack([features, species]), given, seed), 0.0)
    for one in np.unique(species):
        mine = species == one
        wanted = max(given[mine].sum(), 0.0)
        found[mine] *= wanted / found[mine].sum() if found[mine].sum() > 0 else 0.0
    return found.astype(np.float32)


def _regression(columns: Array, weights: Array, seed: int) -> Array:
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = HistGradientBoostingRegressor(
        max_iter=_TREES, max_leaf_nodes=_LEAVES, min_samples_leaf=_FEW, early_stopping=False, random_state=seed
    )
    return np.asarray(trees.fit(columns, weights).predict(columns))
