"""A table that answers as a forest without bins does: bins begin where the forest cuts most, and their answers are learnt from it.

Rows for that cost nothing, since the forest itself says what is right (C. Bucila, R. Caruana, A. Niculescu-Mizil, Model compression,
KDD 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Config

_STEPS = 400
"""Sizes that are tried between the smallest table and the largest that is allowed."""


def edges_where_cut(forest: Any, columns: Sequence[str], most: int) -> dict[str, tuple[float, ...]]:
    """Edges of each column, for a table of at most ``most`` entries; the forest's cuts gain as much in one bin of a column as in another.

    A column has bins in proportion to the square root of what cuts in it gain, and two at least.
    """
    cuts = [_cuts(forest, place) for place in range(len(columns))]
    total = np.array([gains.sum() for _, gains in cuts])
    share = np.sqrt(total / max(total.max(), 1e-12))
    found: list[npt.NDArray[np.float64]] = []
    for largest in np.geomspace(2, most, _STEPS):
        tried = [_edges(*cut, max(1, int(largest * part) - 1)) for cut, part in zip(cuts, share, strict=True)]
        if found and np.prod([len(edges) + 1 for edges in tried]) > most:
            break
        found = tried
    return {name: tuple(edges.tolist()) for name, edges in zip(columns, found, strict=True)}


def lookalikes(features: Array, copies: int, neighbours: int, seed: int) -> npt.NDArray[np.float32]:
    """The rows, and ``copies`` times as many: some variables of each are those of one candidate, the others of one near it in ranks."""
    from scipy.stats import rankdata
    from sklearn.neighbors import NearestNeighbors

    ranks = rankdata(features, axis=0) / len(features)
    near = NearestNeighbors(n_neighbors=min(neighbours, len(features))).fit(ranks).kneighbors(ranks, return_distance=False)
    rng, rows = np.random.default_rng(seed), np.arange(len(features))
    found = [features]
    for _ in range(copies):
        other = features[near[rows, rng.integers(0, near.shape[1], len(rows))]]
        found.append(np.where(rng.random(features.shape) < 0.5, features, other))
    return np.concatenate(found).astype(np.float32)


def distilled(digits: Array, answers: Array, config: Config) -> Any:
    """Boosted trees on bins [rows, columns] whose sums are the forest's ``answers`` [rows], its log odds."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    options = config.table
    trees = HistGradientBoostingRegressor(
        max_iter=options.number,
        max_leaf_nodes=options.leaves,
        learning_rate=options.learning_rate,
        early_stopping=False,
        random_state=config.train.seed,
    )
    return trees.fit(digits, answers)


def _cuts(forest: Any, place: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Thresholds of one column, rising, and the gain of each cut at one."""
    nodes = np.concatenate([trees[0].nodes for trees in forest._predictors])  # noqa: SLF001 - scikit-learn has no public way to the trees
    mine = nodes[(nodes["is_leaf"] == 0) & (nodes["feature_idx"] == place)]
    mine = mine[np.argsort(mine["num_threshold"], kind="stable")]
    return mine["num_threshold"].astype(np.float64), mine["gain"].astype(np.float64)


def _edges(thresholds: Array, gains: Array, count: int) -> npt.NDArray[np.float64]:
    """At most ``count`` of the thresholds, with the same gain between them; 0 where there is none, which cuts nothing that matters."""
    if not len(thresholds):
        return np.zeros(1)
    summed = np.cumsum(gains) / gains.sum()
    places = np.searchsorted(summed, (np.arange(count) + 0.5) / count)
    return np.unique(thresholds[places].astype(np.float32)).astype(np.float64)
