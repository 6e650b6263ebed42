"""Boosting that keeps the efficiency for signal the same along some variables: in lifetime and corrected mass a bump would be a bias.

A. Rogozhnikov et al., JINST 10 (2015) T03002, arXiv:1410.4140 (uGB+FL). The loss is the exponential one plus how far, at every score, the
signal's distribution function in each bin is from that of all signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array

Floats = npt.NDArray[np.float64]
_POWER = 2.0


@dataclass(frozen=True)
class UniformTrees:
    """Trees whose values add up to a score, each times the learning rate."""

    trees: tuple[Any, ...]
    learning_rate: float

    def scores(self, features: Array) -> Floats:
        """Sums [rows]: higher is more like signal."""
        return np.asarray(self.learning_rate * np.sum([tree.predict(features) for tree in self.trees], axis=0))


def flatness_gradient(scores: Floats, bins: Array, weights: Floats) -> Floats:
    """How each score [rows] of signal should move so that bins are alike: up where its bin's distribution function is above that of all.

    ``bins`` [rows] of one variable; the function of a bin at a score is the weighted share of its rows at or below.
    """
    whole = _distribution(scores, scores, weights)
    found = np.zeros(len(scores))
    for number in np.unique(bins):
        rows = bins == number
        apart = _distribution(scores[rows], scores[rows], weights[rows]) - whole[rows]
        found[rows] = _POWER * np.sign(apart) * np.abs(apart) ** (_POWER - 1)
    return found


class Growth(NamedTuple):
    """How trees are grown: how many, how deep, how far each counts, how much the flatness weighs, and the seed of the first."""

    number: int
    depth: int
    learning_rate: float
    flatness: float
    seed: int = 1


def boost(features: Array, target: Array, weights: Floats, flat: Sequence[Array], growth: Growth) -> UniformTrees:
    """Gradient boosting by regression trees; ``flat`` are bins [rows] of each variable along which signal shall be kept evenly."""
    from sklearn.tree import DecisionTreeRegressor

    signs, signal = np.where(target > 0.5, 1.0, -1.0), np.flatnonzero(target > 0.5)
    scores, trees = np.zeros(len(target)), []
    for turn in range(growth.number):
        gradient = weights * signs * np.exp(np.clip(-signs * scores, -30, 30))
        for bins in flat:
            even = flatness_gradient(scores[signal], bins[signal], weights[signal])
            gradient[signal] += growth.flatness / len(flat) * weights[signal] * even
        steps = gradient / weights
        tree = DecisionTreeRegressor(max_depth=growth.depth, min_samples_leaf=20, random_state=growth.seed + turn)
        trees.append(tree.fit(features, steps, weights))
        scores += growth.learning_rate * tree.predict(features)
    return UniformTrees(tuple(trees), growth.learning_rate)


def quantile_bins(values: Array, of: Array, count: int) -> npt.NDArray[np.int64]:
    """Bins [rows] of ``values`` that hold as many of the rows ``of`` (a mask) each."""
    edges = np.quantile(values[of], np.linspace(0, 1, count + 1)[1:-1])
    return np.searchsorted(edges, values, side="right")


def unevenness(kept: Array, bins: Array) -> float:
    """Standard deviation of the share kept over the bins, each of the same weight: 0 for a selection that is flat."""
    return float(np.std([kept[bins == number].mean() for number in np.unique(bins)]))


def _distribution(scores: Floats, at: Floats, weights: Floats) -> Floats:
    order = np.argsort(scores, kind="stable")
    summed = np.append(0.0, np.cumsum(weights[order]))
    return np.asarray(summed[np.searchsorted(scores[order], at, side="right")] / summed[-1])
