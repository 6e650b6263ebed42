"""Reference rows for a TMVA weight file: in the range of its training, on the edges, on the cuts of its trees and a step beside."""

from __future__ import annotations

import numpy as np

from bartik.core import Array
from bartik.exporters.edge_cases import LARGE, edge_rows
from bartik.exporters.tmva_xml_forest import Forest, Tree
from bartik.exporters.tmva_xml_model import Variable

_BUDGET = 40_000
"""Rows times trees: the reference evaluator walks trees in Python."""


def rows_in_range(variables: tuple[Variable, ...], trees: int = 1, *, wild: bool = True) -> Array:
    """Rows float32 [rows, variables]: uniform in each variable's range, then its edges, the largest only where ``wild``."""
    rng = np.random.default_rng(0)
    limit = float(np.finfo(np.float32).max) / 32
    bounds = np.clip([[v.low, v.high] for v in variables], -limit, limit)
    drawn = rng.uniform(bounds.min(axis=1), bounds.max(axis=1), size=(_rows(trees), len(variables)))
    whole = np.array([v.whole for v in variables])
    inside = np.where(whole, np.rint(drawn), drawn).astype(np.float32)
    edges = edge_rows(np.concatenate([inside, bounds.T.astype(np.float32)]))
    tame = edges[(np.abs(edges) < LARGE / 2).all(axis=1)]
    return np.concatenate([inside, edges if wild else tame])


def rows_on_cuts(forest: Forest, inside: Array) -> Array:
    """Rows that arrive at nodes spread over ``forest`` with their variable on the cut, a float32 step below and one above."""
    nodes = [(tree, int(node)) for tree in forest.trees for node in np.flatnonzero(tree.variable >= 0)]
    count = min(len(nodes), max(1, _rows(len(forest.trees)) // 3))
    chosen = [nodes[i] for i in np.linspace(0, len(nodes) - 1, count).astype(int)] if nodes else []
    rows = []
    for place, (tree, node) in enumerate(chosen):
        row = _arriving(tree, node, inside[place % len(inside)])
        cut = tree.cut[node]
        for value in (cut, np.nextafter(cut, np.float32(-np.inf)), np.nextafter(cut, np.float32(np.inf))):
            changed = row.copy()
            changed[tree.variable[node]] = value
            rows.append(changed)
    return np.array(rows, np.float32).reshape(-1, inside.shape[1])


def _rows(trees: int) -> int:
    return int(np.clip(_BUDGET // trees, 24, 128))


def _arriving(tree: Tree, node: int, row: Array) -> Array:
    """``row`` changed so that it goes down ``tree`` to ``node``, where the cuts on the way allow it."""
    row = row.copy()
    low = np.full(row.shape, -np.inf, np.float32)
    high = np.full(row.shape, np.inf, np.float32)
    for parent, goes_right in _way(tree, node):
        variable, cut = tree.variable[parent], tree.cut[parent]
        if goes_right == tree.right_if[parent]:
            low[variable] = max(low[variable], cut)
        else:
            high[variable] = min(high[variable], np.nextafter(cut, np.float32(-np.inf)))
    return np.where(low > high, row, np.clip(row, low, high))


def _way(tree: Tree, node: int) -> list[tuple[int, bool]]:
    parents = {
        int(c): (i, right) for i in np.flatnonzero(tree.variable >= 0) for c, right in ((tree.left[i], False), (tree.right[i], True))
    }
    way = []
    while node in parents:
        node, right = int(parents[node][0]), parents[node][1]
        way.append((node, right))
    return way
