"""What the networks are compared with: boosted trees on the same choices, one forest a tagger, combined by the product of their odds."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Config, Dataset
from bartik.metrics import combine
from bartik.usecases.flavour_tagging.columns import CHOSEN, SIGNAL_WIDTH, TAGGERS

_FEW = 100
"""A tagger with fewer decisions in training stays silent."""


def peers(train: Dataset, test: Dataset, config: Config) -> dict[str, Array]:
    """Probability of flavour +1 [candidates, 1] of the combined trees on the test rows."""
    single = tree_taggers(train.inputs["features"], train.target, test.inputs["features"], config)
    return {"BDT": combine(list(single.T))[:, np.newaxis].astype(np.float32)}


def tree_taggers(train: Array, target: Array, test: Array, config: Config) -> Array:
    """Probability of flavour +1 [rows, 7] of each tagger on the ``test`` features [rows, 73], by histogram gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    found = np.full((len(test), len(TAGGERS)), 0.5)
    for place in range(len(TAGGERS)):
        (known, sign), (seen, decision) = _block(train, place), _block(test, place)
        said, asked = sign != 0, decision != 0
        right = (sign * (2 * target - 1))[said] > 0
        if said.sum() < _FEW or right.all() or not right.any():
            continue
        trees = HistGradientBoostingClassifier(
            max_iter=config.peers.trees,
            max_leaf_nodes=config.peers.leaves,
            learning_rate=config.peers.learning_rate,
            min_samples_leaf=config.peers.least,
            early_stopping=False,
            random_state=config.train.seed,
        ).fit(known[said], right)
        if asked.any():
            found[asked, place] = 0.5 + decision[asked] * (trees.predict_proba(seen[asked])[:, 1] - 0.5)
    return found


def _block(features: Array, place: int) -> tuple[Array, Array]:
    """What a tagger knows, its charge without sign; and the sign, 0 where it says nothing."""
    block = np.concatenate([features[:, CHOSEN * place : CHOSEN * (place + 1)], features[:, -SIGNAL_WIDTH:]], axis=1)
    sign = np.sign(block[:, 0])
    block[:, 0], block[:, 3] = np.abs(block[:, 0]), np.abs(block[:, 3])
    return block, sign
