"""Decision trees in one form: at every node a row goes `low` if its feature lies in one of some intervals, else `high`.

A test is ``(feature, above, up_to, missing)``: a row passes it where ``above < key <= up_to``, or where its feature is no
number and ``missing`` is 1. Keys are those of `keys.py`. A set of values is several tests in a row (`Forest.more`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from bartik.compiler.trees.keys import LOWEST, keys
from bartik.core import Array

Aggregate = Literal["sum", "min", "max"]
NO_TEST = np.array([[0, LOWEST, LOWEST, 0]], np.int64)
"""The tests of a forest of nothing but leaves: one that no row passes and nobody asks."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of rows of ``features`` values, each adding to ``targets`` values.

    ``roots`` [trees]; for each node ``test`` (-1 at a leaf), ``low`` and ``high`` (nodes; a leaf's own number at a leaf) and
    ``leaf`` (its row of ``values``). ``values`` [leaves, targets], or [leaves, 1] where every tree speaks of one target,
    ``tree_targets`` [trees]. ``tests`` [tests, 4], at least `NO_TEST`; ``more`` has further intervals of a test.
    """

    features: int
    targets: int
    roots: Array
    test: Array
    low: Array
    high: Array
    leaf: Array
    values: Array
    tree_targets: Array
    tests: Array
    more: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    aggregate: Aggregate = "sum"

    @property
    def each(self) -> int:
        """Values a leaf carries: 1, or one for every target."""
        return int(self.values.shape[1])

    def intervals(self, test: int) -> list[tuple[int, int]]:
        """All intervals of a test."""
        _, above, up_to, _ = self.tests[test]
        return [(int(above), int(up_to)), *self.more.get(test, ())]

    def depths(self) -> Array:
        """Tests on the longest way down each tree."""
        return np.array([len(levels(self, int(root))) - 1 for root in self.roots])

    def __str__(self) -> str:
        """For example ``200 trees, 12600 tests``."""
        return f"{len(self.roots)} trees, {int((self.test >= 0).sum())} tests"


def levels(forest: Forest, root: int) -> list[Array]:
    """The nodes of one tree, level by level."""
    found = [np.array([root])]
    while True:
        inner = found[-1][forest.test[found[-1]] >= 0]
        if not len(inner):
            return found
        found.append(np.stack([forest.low[inner], forest.high[inner]], axis=1).reshape(-1))


def passes(forest: Forest, x: Array) -> Array:
    """Which tests each row passes, [rows, tests]."""
    columns = forest.tests[:, 0]
    found = keys(x)
    missing = np.isnan(x)
    result = np.zeros((len(x), len(forest.tests)), bool)
    for test in range(len(forest.tests)):
        column = found[:, columns[test]]
        for above, up_to in forest.intervals(test):
            result[:, test] |= (above < column) & (column <= up_to)
        result[missing[:, columns[test]], test] = bool(forest.tests[test, 3])
    return result


def evaluate(forest: Forest, x: Array) -> Array:
    """What the trees add up to (or their least, or their largest), tree after tree: [rows, targets]."""
    x = np.ascontiguousarray(x, np.float32)
    low = passes(forest, x)
    start = {"sum": 0.0, "min": np.inf, "max": -np.inf}[forest.aggregate]
    join = {"sum": np.add, "min": np.minimum, "max": np.maximum}[forest.aggregate]
    result = np.full((len(x), forest.targets), start, np.float32)
    for tree, root in enumerate(forest.roots):
        values = forest.values[forest.leaf[_reached(forest, int(root), low)]]
        columns = slice(None) if forest.each > 1 or forest.targets == 1 else slice(forest.tree_targets[tree], forest.tree_targets[tree] + 1)
        result[:, columns] = join(result[:, columns], values)
    return np.where(np.isinf(start) & (result == start), np.float32(0), result)


def _reached(forest: Forest, root: int, low: Array) -> Array:
    node = np.full(len(low), root)
    while (inner := forest.test[node] >= 0).any():
        test = np.where(inner, forest.test[node], 0)
        turned = np.where(low[np.arange(len(low)), test], forest.low[node], forest.high[node])
        node = np.where(inner, turned, node)
    return node
