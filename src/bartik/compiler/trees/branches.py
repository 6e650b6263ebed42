"""Trees of any shape with at most 256 leaves as the tables of the kernel `branch_trees`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.compiler.trees.codes import code_kinds, encode, rank, split
from bartik.compiler.trees.forest import Forest, levels
from bartik.compiler.trees.heap import code_tables
from bartik.core import Array

MOST_LEAVES = 256
_AT_ONCE = 8
_RECORD = np.dtype([("code", "u1"), ("cut", "u1"), ("low", "<u2"), ("high", "<u2")])


@dataclass(frozen=True, eq=False)
class Branches:
    """Tables, in the order in which the kernel takes them, and what they were made for; ``leaves`` a tree, padded."""

    leaves: int
    most_codes: int
    levels: int
    used: int
    groups: int
    tables: dict[str, Array]


def branch_tables(forest: Forest) -> Branches:
    """Tables of a forest of trees of at most `MOST_LEAVES` leaves."""
    trees = [_ordered(forest, int(root)) for root in forest.roots]
    most = max(len(leaves) for _, leaves in trees)
    size = next(size for size in (16, 32, 64, MOST_LEAVES) if most <= size)
    ranks = rank(forest)
    limit = min(MOST_LEAVES, max(1, len(set(code_kinds(forest)))))
    groups = [encode(forest, ranks, *group) for group in split(forest, [forest.test[inner] for inner, _ in trees], limit)]
    starts, cuts = ranks.search_tables()
    records, heads, values, targets, position = [], list[list[int]](), [], list[int](), 0
    for group in groups:
        for tree in range(group.first, group.last):
            inner, leaves = trees[tree]
            heads.append([position, len(inner)])
            targets.append(int(forest.tree_targets[tree]))
            records.append(_records(forest, inner, leaves, group.code, group.cut))
            values.append(np.pad(forest.values[forest.leaf[leaves]], [(0, size - len(leaves)), (0, 0)]))
            position += len(records[-1])
        padding = -(group.last - group.first) % _AT_ONCE
        heads += [[0, 0]] * padding
        targets += [0] * padding
        values += [np.zeros_like(values[-1])] * padding
    tables = {"features": ranks.columns, "starts": starts.reshape(-1), "cuts": cuts} | code_tables(groups)
    tables["trees"] = np.array(heads, np.int32).reshape(-1)
    tables["records"] = np.concatenate(records).view(np.uint8)
    tables["values"] = np.concatenate(values).astype(np.float32).reshape(-1).view(np.uint8)
    tables["tree_targets"] = np.array(targets, np.int32)
    return Branches(size, max(1, *(len(group.maps) for group in groups)), ranks.levels, len(ranks.columns), len(groups), tables)


def _ordered(forest: Forest, root: int) -> tuple[Array, Array]:
    """Nodes of a tree level by level, and its leaves."""
    nodes = np.concatenate(levels(forest, root))
    inner = forest.test[nodes] >= 0
    return nodes[inner], nodes[~inner]


def _records(forest: Forest, inner: Array, leaves: Array, code: Array, cut: Array) -> Array:
    nodes = np.concatenate([inner, leaves])
    order = np.argsort(nodes)
    place = order[np.searchsorted(nodes, np.concatenate([forest.low[nodes], forest.high[nodes]]), sorter=order)]
    found = np.zeros(len(nodes), _RECORD)
    found["code"][: len(inner)], found["cut"][: len(inner)] = code[forest.test[inner]], cut[forest.test[inner]]
    found["low"], found["high"] = place[: len(nodes)], place[len(nodes) :]
    return found
