"""Trees of at most 64 leaves and equal depth as the tables of the kernel `heap_trees`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.compiler.trees.codes import NEVER, Group, code_kinds, encode, rank, split
from bartik.compiler.trees.forest import Forest
from bartik.core import Array

DEEPEST = 6
_AT_ONCE = 8
"""Trees that the kernel takes at once: groups begin at a multiple of it."""
_CODES = (64, 128, 256)
"""Codes of a group, as many as fit in one or two registers, or in a byte."""


@dataclass(frozen=True, eq=False)
class Heap:
    """Tables, in the order in which the kernel takes them, and what they were made for."""

    depth: int
    most_codes: int
    levels: int
    used: int
    groups: int
    tables: dict[str, Array]


def heap_tables(forest: Forest) -> Heap:
    """Tables of a forest no deeper than `DEEPEST`."""
    depth = max(3, int(forest.depths().max()))
    kinds = len(set(code_kinds(forest)))
    most = next((size for size in _CODES if kinds <= size), _CODES[-1])
    ranks = rank(forest)
    trees = _place(forest, depth)
    tests = [np.unique(row[row >= 0]) for row in trees.test]
    groups = [encode(forest, ranks, *group) for group in split(forest, tests, most)]
    starts, cuts = ranks.search_tables()
    tables = {"features": ranks.columns, "starts": starts.reshape(-1), "cuts": cuts}
    tables |= code_tables(groups) | _tree_tables(forest, trees, groups)
    most = max(1, *(len(group.maps) for group in groups))
    return Heap(depth, most, ranks.levels, len(ranks.columns), len(groups), tables)


def code_tables(groups: list[Group]) -> dict[str, Array]:
    """Where the codes of all groups come from."""
    bounds, first_tree, first_code = [], 0, 0
    for group in groups:
        count = group.last - group.first
        bounds.append([first_tree, first_tree + count, first_code, first_code + len(group.maps)])
        first_tree += -(-count // _AT_ONCE) * _AT_ONCE
        first_code += len(group.maps)
    maps = [m for group in groups for m in group.maps]
    return {
        "bounds": np.array(bounds, np.int32).reshape(-1),
        "code_features": np.concatenate([group.features for group in groups]).astype(np.int32),
        "code_maps": np.cumsum([0, *(len(m) for m in maps)][:-1]).astype(np.int32) if maps else np.zeros(0, np.int32),
        "maps": np.concatenate(maps) if maps else np.zeros(0, np.uint8),
    }


@dataclass(frozen=True, eq=False)
class _Placed:
    """``test`` [trees, 2^depth] by place in the heap, -1 where none is; ``leaf`` [trees, 2^depth]."""

    test: Array
    leaf: Array


def _place(forest: Forest, depth: int) -> _Placed:
    """All trees level by level; a leaf above the last level stands for all places below it."""
    count, size = len(forest.roots), 1 << depth
    placed = _Placed(np.full((count, size), -1), np.zeros((count, size), np.int64))
    tree, node, place = np.arange(count), forest.roots, np.ones(count, np.int64)
    for level in range(depth + 1):
        inner = forest.test[node] >= 0
        below = 1 << (depth - level)
        columns = (place[~inner, None] * below - size) + np.arange(below)
        placed.leaf[tree[~inner, None], columns] = forest.leaf[node[~inner], None]
        tree, node, place = tree[inner], node[inner], place[inner]
        if len(node):
            placed.test[tree, place] = forest.test[node]
        node = np.concatenate([forest.low[node], forest.high[node]])
        tree, place = np.tile(tree, 2), np.concatenate([2 * place, 2 * place + 1])
    return placed


def _tree_tables(forest: Forest, placed: _Placed, groups: list[Group]) -> dict[str, Array]:
    nodes, leaves, targets = [], [], []
    for group in groups:
        part = slice(group.first, group.last)
        padding = [(0, -(group.last - group.first) % _AT_ONCE), (0, 0)]
        test = np.pad(placed.test[part], padding, constant_values=-1)
        code, cut = np.where(test < 0, 0, group.code[test]), np.where(test < 0, NEVER, group.cut[test])
        nodes.append(np.stack([code.reshape(-1, 64), cut.reshape(-1, 64)], axis=1).astype(np.uint8).reshape(-1))
        leaves.append(forest.values[np.pad(placed.leaf[part], padding)].astype(np.float32).reshape(-1))
        targets.append(np.pad(forest.tree_targets[part], padding[0]))
    return {
        "nodes": np.concatenate(nodes),
        "leaves": np.concatenate(leaves).view(np.uint8),
        "tree_targets": np.concatenate(targets).astype(np.int32),
    }
