"""Boosted trees on any columns of the candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Config, Dataset


def boosted(features: Array, data: Dataset, config: Config) -> Any:
    """Histogram gradient boosting (Ke et al., NeurIPS 2017) of scikit-learn; both classes weigh the same, and each event as another."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    options = config.trees
    trees = HistGradientBoostingClassifier(
        max_iter=options.number,
        max_leaf_nodes=options.leaves,
        learning_rate=options.learning_rate,
        min_samples_leaf=options.samples,
        l2_regularization=options.l2_regularization,
        early_stopping=False,
        random_state=config.train.seed,
    )
    return trees.fit(features, data.target, event_weights(data))


def answers(trees: Any, features: Array) -> npt.NDArray[np.float32]:
    """Scores [rows]."""
    return np.asarray(trees.predict_proba(features)[:, 1], np.float32)


def event_weights(data: Dataset) -> npt.NDArray[np.float64]:
    """Weights [rows] with which the candidates of an event count as one, and both classes as much: the trigger decides on events."""
    weights = 1.0 / data.spectators["candidates"]
    weights = weights if data.weights is None else weights * data.weights
    for label in (0, 1):
        rows = data.target == label
        weights[rows] *= len(weights) / (2 * max(weights[rows].sum(), 1e-12))
    return np.asarray(weights)
