"""What the network is compared with: boosted trees on the same features, and a cut on the track's χ²."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from bartik.core import Array, Config, Dataset
from bartik.usecases.ghost_probability.features import CHI2_COLUMN


def peers(train: Dataset, test: Dataset, config: Config) -> dict[str, Array]:
    """Ghost scores [rows, 1] of each peer on the test rows."""
    return {"BDT": _trees(train, test, config), "chi2 cut": test.inputs["features"][:, CHI2_COLUMN, np.newaxis]}


def _trees(train: Dataset, test: Dataset, config: Config) -> Array:
    """Histogram gradient boosting (Ke et al., NeurIPS 2017), as implemented in scikit-learn."""
    trees = HistGradientBoostingClassifier(
        max_iter=config.peers.trees,
        max_leaf_nodes=config.peers.leaves,
        learning_rate=config.peers.learning_rate,
        l2_regularization=config.peers.l2_regularization,
        early_stopping=False,
        random_state=config.train.seed,
    )
    trees.fit(train.inputs["features"], train.target)
    return np.asarray(trees.predict_proba(test.inputs["features"])[:, 1:], dtype=np.float32)
