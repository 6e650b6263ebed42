"""What the network is compared with: boosted trees on the same features, and a cut on the track's χ²."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bartik.core import Array, Config, Dataset
from bartik.usecases.ghost_probability.features import CHI2_COLUMN

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier


def peers(train: Dataset, test: Dataset, config: Config) -> dict[str, Array]:
    """Ghost scores [rows, 1] of each peer on the test rows."""
    features = test.inputs["features"]
    return {"BDT": tree_scores(train_trees(train, config), features), "chi2 cut": chi2_scores(features)}


def train_trees(train: Dataset, config: Config) -> HistGradientBoostingClassifier:
    """Histogram gradient boosting (Ke et al., NeurIPS 2017), as implemented in scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        max_iter=config.peers.trees,
        max_leaf_nodes=config.peers.leaves,
        learning_rate=config.peers.learning_rate,
        l2_regularization=config.peers.l2_regularization,
        early_stopping=False,
        random_state=config.train.seed,
    )
    return trees.fit(train.inputs["features"], train.target)


def tree_scores(trees: HistGradientBoostingClassifier, features: Array) -> Array:
    """Probability of a ghost [rows, 1] for features [rows, 17]."""
    return np.asarray(trees.predict_proba(features)[:, 1:], dtype=np.float32)


def chi2_scores(features: Array) -> Array:
    """χ² per degree of freedom [rows, 1], of features [rows, 17]."""
    return features[:, CHI2_COLUMN, np.newaxis]
