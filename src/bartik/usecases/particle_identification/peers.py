"""What the networks are compared with: boosted trees on the same columns, and the combined likelihoods before them."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Config, Dataset
from bartik.simulation.identification import SPECIES
from bartik.usecases.particle_identification.combined import CombinedDll


def tree_scores(train: Dataset, tests: list[Array], config: Config) -> list[Array]:
    """Probabilities float32 [tracks, 6] on each of ``tests`` [tracks, 14], by histogram gradient boosting (Ke et al., NeurIPS 2017)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        max_iter=config.peers.trees,
        max_leaf_nodes=config.peers.leaves,
        learning_rate=config.peers.learning_rate,
        min_samples_leaf=config.peers.least,
        early_stopping=False,
        random_state=config.train.seed,
    ).fit(train.inputs["features"], train.spectators["species"], train.weights)
    found = []
    for rows in tests:
        answers = np.zeros((len(rows), len(SPECIES)), np.float32)
        answers[:, trees.classes_] = trees.predict_proba(rows)
        found.append(answers)
    return found


def dll_scores(train: Dataset, tests: list[Array]) -> list[Array]:
    """Combined differences of log-likelihoods, float32 [tracks, 6], on each of ``tests`` [tracks, 14]."""
    combined = CombinedDll(train.inputs["features"], train.spectators["species"])
    return [combined.scores(rows) for rows in tests]
