"""A few trees instead of many: those of a large forest that together do best, each with a weight of its own.

Post-pruning, as LHCb did to its trees for Run 2 (arXiv:1510.00572): greedily; give it as many rows as there are, some that did not
train the forest among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bartik.core import Array

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pruned:
    """Which trees of a forest are kept, and what each one's value is multiplied with."""

    chosen: tuple[int, ...]
    weights: tuple[float, ...]

    def scores(self, values: Array) -> Floats:
        """Sums [rows] from the ``values`` [rows, trees] of all trees."""
        return np.asarray(values[:, list(self.chosen)] @ np.asarray(self.weights))


def tree_values(trees: Any, features: Array) -> Floats:
    """What each tree [rows, trees] of scikit-learn's boosted trees adds."""
    sums = np.stack([stage.reshape(-1) for stage in trees.staged_decision_function(features)], axis=1)
    return np.diff(sums, axis=1, prepend=0.0)


def prune(values: Array, target: Array, weights: Array, keep: int) -> Pruned:
    """Keep ``keep`` trees: each time the one along which the logistic loss falls fastest for its size, with the weight of Newton's step.

    ``values`` [rows, trees], ``weights`` [rows] of the loss. A tree may be chosen again: its weight then changes.
    """
    found: dict[int, float] = {}
    score = np.zeros(len(target))
    tried = 0
    while len(found) < min(keep, values.shape[1]) and tried < 3 * keep:
        tried += 1
        p = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
        slope = values.T @ (weights * (target - p))
        curvature = np.maximum((values**2).T @ (weights * p * (1 - p)), 1e-12)
        best = int(np.argmax(slope**2 / curvature))
        step = float(slope[best] / curvature[best])
        score += step * values[:, best]
        found[best] = found.get(best, 0.0) + step
    return Pruned(tuple(found), tuple(found.values()))
