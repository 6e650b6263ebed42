"""Boosted trees on the same rows."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Config, Dataset


def peers(train: Dataset, test: Dataset, config: Config) -> dict[str, Array]:
    """Probability of acceptance [rows, 1] of the test rows by gradient-boosted trees of ``config.peers``."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        max_iter=config.peers.trees, learning_rate=0.1, max_leaf_nodes=31, early_stopping=False, random_state=config.train.seed
    ).fit(train.inputs["features"], train.target)
    return {"boosted trees": np.asarray(trees.predict_proba(test.inputs["features"])[:, 1:], np.float32)}
