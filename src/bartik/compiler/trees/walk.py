"""Trees of any size as the tables of the kernel `walked_trees`: every test of intervals becomes tests of one cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.compiler.trees.forest import Forest
from bartik.compiler.trees.keys import LOWEST
from bartik.core import Array


@dataclass(frozen=True, eq=False)
class Walk:
    """Tables, in the order in which the kernel takes them."""

    used: int
    trees: int
    tables: dict[str, Array]


def walk_tables(forest: Forest) -> Walk:
    """Tables of any forest. Columns: 2 k is feature k with no number below all cuts, 2 k + 1 with no number above them."""
    columns, place = np.unique(forest.tests[:, 0], return_inverse=True)
    columns = columns if len(columns) else np.zeros(1, np.int64)
    inner = forest.test >= 0
    tests = np.where(inner, forest.test, 0)
    nodes = np.zeros((len(forest.test), 4), np.int64)
    nodes[:, 1] = forest.leaf
    nodes[:, 2], nodes[:, 3] = forest.low, forest.high
    if len(forest.tests):
        nodes[inner, 0] = (2 * place + 1 - forest.tests[:, 3])[tests[inner]]
        nodes[inner, 1] = forest.tests[tests[inner], 2]
    plain = [test not in forest.more and above == LOWEST for test, (_, above, _, _) in enumerate(forest.tests.tolist())]
    chains = np.flatnonzero(inner & ~np.array([*plain, False])[tests])
    extra: list[list[int]] = []
    for node in chains.tolist():
        test = int(forest.test[node])
        chain = _chain(forest, test, int(place[test]), (int(forest.low[node]), int(forest.high[node])), len(nodes) + len(extra))
        nodes[node] = chain[0]
        extra += chain[1:]
    whole = np.concatenate([nodes, np.array(extra, np.int64).reshape(-1, 4)])
    tables: dict[str, Array] = {
        "features": columns.astype(np.int32),
        "roots": forest.roots.astype(np.int32),
        "nodes": whole.astype(np.int32).reshape(-1).view(np.uint8),
        "values": forest.values.astype(np.float32).reshape(-1).view(np.uint8),
        "tree_targets": forest.tree_targets.astype(np.int32),
    }
    return Walk(len(columns), len(forest.roots), tables)


def _chain(forest: Forest, test: int, column: int, children: tuple[int, int], first: int) -> list[list[int]]:
    """Nodes that a row without number passes if the test says so: the first of them, then those from number ``first`` on."""
    low, high = children
    missing = int(forest.tests[test, 3])
    ends: list[tuple[int, int, int]] = []
    for above, up_to in sorted(forest.intervals(test)):
        if above != LOWEST:
            ends.append((2 * column + 1, above, high))
        ends.append((2 * column + 1 - missing, up_to, low))
    following = [*range(first, first + len(ends) - 1), high]
    return [[where, cut, target, after] for (where, cut, target), after in zip(ends, following, strict=True)]
