"""Reference rows for trees: between their cuts, on the edges, on the cuts and a float32 step to each side, with values missing."""

from __future__ import annotations

import numpy as np

from bartik.core import Array
from bartik.exporters.edge_cases import edge_rows
from bartik.exporters.trees import NEARLY_ZERO, Ensemble, Tree

_BUDGET = 40_000
"""Rows times trees: the reference evaluator walks trees in Python."""


def rows_for_trees(ensemble: Ensemble, inside: Array | None = None, *, missing: bool = True) -> Array:
    """Rows float32 [rows, features] that try ``ensemble`` where a translation goes wrong.

    ``inside`` [rows, features] are typical rows, without them some are drawn between the cuts; ``missing``: some get NaN.
    """
    with np.errstate(over="ignore"):  # a step beyond the last float32 is an infinity, which is left out
        return _rows(ensemble, inside, missing=missing)


def _rows(ensemble: Ensemble, inside: Array | None, *, missing: bool) -> Array:
    typical = _drawn(ensemble) if inside is None else _some(inside[np.isfinite(inside).all(axis=1)], _count(ensemble))
    if not len(typical):
        typical = _drawn(ensemble)
    rows = [typical, edge_rows(typical), rows_on_cuts(ensemble, typical)]
    if ensemble.zero_missing is not None:
        rows.append(_with_zeros(typical))
    return np.concatenate([*rows, _with_missing(typical)] if missing else rows)


def rows_on_cuts(ensemble: Ensemble, typical: Array) -> Array:
    """Rows that arrive at nodes spread over ``ensemble`` with their value on the cut, a float32 step below and one above."""
    nodes = [(tree, int(node)) for tree in ensemble.trees for node in np.flatnonzero(tree.inner)]
    count = min(len(nodes), max(1, _count(ensemble) // 3))
    chosen = [nodes[place] for place in np.linspace(0, len(nodes) - 1, count).astype(int)] if nodes else []
    rows = []
    for place, (tree, node) in enumerate(chosen):
        row = _arriving(tree, node, typical[place % len(typical)], or_equal=ensemble.or_equal)
        for value in _around(tree.threshold[node]):
            row[tree.feature[node]] = value
            rows.append(row.copy())
    return np.array(rows, np.float32).reshape(-1, ensemble.features)


def _count(ensemble: Ensemble) -> int:
    return int(np.clip(_BUDGET // max(1, len(ensemble.trees)), 24, 128))


def _some(rows: Array, count: int) -> Array:
    return rows[np.unique(np.linspace(0, len(rows) - 1, count).astype(int))] if len(rows) else rows


def _drawn(ensemble: Ensemble) -> Array:
    """Rows uniform between the cuts of each column and somewhat beyond."""
    limit = float(np.finfo(np.float32).max) / 32
    low, high = np.zeros(ensemble.features), np.ones(ensemble.features)
    cuts: list[list[Array]] = [[] for _ in range(ensemble.features)]
    for tree in ensemble.trees:
        for column in np.unique(tree.feature[tree.inner]):
            cuts[column].append(tree.threshold[tree.feature == column])
    for column, parts in enumerate(cuts):
        values = np.concatenate(parts).astype(np.float64) if parts else np.array([0.0, 1.0])
        beyond = 0.1 * float(np.ptp(values)) or max(1.0, abs(float(values[0])))
        low[column], high[column] = values.min() - beyond, values.max() + beyond
    drawn = np.random.default_rng(0).uniform(np.clip(low, -limit, limit), np.clip(high, -limit, limit), (_count(ensemble), len(low)))
    return drawn.astype(np.float32)


def _around(cut: np.float32) -> Array:
    steps = np.array([cut, np.nextafter(cut, np.float32(-np.inf)), np.nextafter(cut, np.float32(np.inf))], np.float32)
    return steps[np.isfinite(steps)]


def _with_missing(typical: Array) -> Array:
    """A row of nothing, and rows that lack some of their values."""
    rng = np.random.default_rng(1)
    rows = typical[: max(1, len(typical) // 3)].copy()
    rows[rng.random(rows.shape) < 0.3] = np.nan
    return np.concatenate([np.full_like(typical[:1], np.nan), rows])


def _with_zeros(typical: Array) -> Array:
    """Rows with what is a zero, and what is just none, in place of some values."""
    rng = np.random.default_rng(2)
    beyond = np.nextafter(NEARLY_ZERO, np.float32(1))
    zeros = np.array([0, -0.0, NEARLY_ZERO, -NEARLY_ZERO, beyond, -beyond], np.float32)
    return np.where(rng.random(typical.shape) < 0.4, rng.choice(zeros, typical.shape), typical).astype(np.float32)


def _arriving(tree: Tree, node: int, row: Array, *, or_equal: bool) -> Array:
    """A copy of ``row`` changed so that it goes down ``tree`` to ``node``, where the cuts on the way allow it."""
    low, high = np.full(row.shape, -np.inf, np.float32), np.full(row.shape, np.inf, np.float32)
    for parent, goes_left in _way(tree, node):
        column, cut = tree.feature[parent], tree.threshold[parent]
        if goes_left:
            high[column] = min(high[column], cut if or_equal else np.nextafter(cut, np.float32(-np.inf)))
        else:
            low[column] = max(low[column], np.nextafter(cut, np.float32(np.inf)) if or_equal else cut)
    moved = np.clip(row, low, high)
    return np.where((low > high) | ~np.isfinite(moved), row, moved)


def _way(tree: Tree, node: int) -> list[tuple[int, bool]]:
    way = []
    while node:
        parent = int(np.flatnonzero(tree.inner & ((tree.left == node) | (tree.right == node)))[0])
        way.append((parent, bool(tree.left[parent] == node)))
        node = parent
    return way
