"""Decision trees as every boosting library has them, and the one way they are written as a graph.

A value that is missing (NaN) goes left where ``missing_left``; any other goes left where ``x < threshold``, or ``x <= threshold``
for all nodes of an `Ensemble` with ``or_equal``. Thresholds are float32, as the features are: a library that keeps them in float64
has them rounded so that every float32 decides alike (`rounded_down`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core import Array, ExportError
from bartik.exporters.graphs import GraphBuilder

NEARLY_ZERO = np.float32(1e-35)
"""What counts as a zero where zeros are missing values (LightGBM's ``kZeroThreshold``)."""
_MAX_NODES = 20_000_000


@dataclass(frozen=True)
class Tree:
    """A tree as arrays [nodes], its root first; a leaf has ``feature`` -1 and adds its ``value`` to the sum number ``target``."""

    feature: Array
    threshold: Array
    missing_left: Array
    left: Array
    right: Array
    value: Array
    target: int = 0

    @property
    def inner(self) -> Array:
        """Which nodes are no leaves."""
        return self.feature >= 0


@dataclass(frozen=True)
class Ensemble:
    """Sums [batch, targets] over ``trees`` of ``features`` columns, each on top of its ``base`` value [targets].

    ``zero_missing`` [features], where it is given, are the columns in which a zero (`NEARLY_ZERO`) is a missing value too.
    """

    features: int
    trees: tuple[Tree, ...]
    base: Array
    or_equal: bool = False
    zero_missing: Array | None = None

    @property
    def targets(self) -> int:
        """How many sums there are."""
        return len(self.base)


def rounded_down(thresholds: Array) -> Array:
    """The largest float32 not above each float64: for a float32 ``x``, ``x <= t`` and ``x <= rounded_down(t)`` are the same."""
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
        return np.where(nearest.astype(np.float64) > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest).astype(np.float32)


def check_trees(name: object, ensemble: Ensemble) -> None:
    """`ExportError` that names the first tree which is none: a child out of range or met twice, an unknown column, no number."""
    nodes = sum(len(tree.feature) for tree in ensemble.trees)
    if nodes > _MAX_NODES:
        raise ExportError(f"{name}: {nodes} nodes, more than the {_MAX_NODES} we translate")
    for number, tree in enumerate(ensemble.trees):
        fault = _fault(tree, ensemble)
        if fault:
            raise ExportError(f"{name}: tree {number} {fault}", hint="is the file whole, and written by its own library?")


def _fault(tree: Tree, ensemble: Ensemble) -> str:
    count, inner = len(tree.feature), tree.inner
    if not count or any(len(part) != count for part in (tree.threshold, tree.missing_left, tree.left, tree.right, tree.value)):
        return "has arrays of different lengths, or no node"
    if tree.feature.max() >= ensemble.features:
        return f"cuts on column {tree.feature.max()} of {ensemble.features}"
    if not 0 <= tree.target < ensemble.targets:
        return f"belongs to sum {tree.target} of {ensemble.targets}"
    children = np.concatenate([tree.left[inner], tree.right[inner]])
    if ((children <= 0) | (children >= count)).any() or len(np.unique(children)) != len(children) or len(children) != count - 1:
        return "has a node that is nobody's child, or two nodes'"
    if np.isnan(tree.threshold[inner]).any() or not np.isfinite(tree.value[~inner]).all():
        return "has a threshold or a leaf that is no number"
    return "" if _reaches_all(tree) else "has a circle"


def _reaches_all(tree: Tree) -> bool:
    """Whether every node hangs on the root; each is the child of one other, so what is not reached is a circle."""
    level, seen = np.array([0]), 0
    while len(level):
        seen += len(level)
        level = level[tree.inner[level]]
        level = np.concatenate([tree.left[level], tree.right[level]])
    return seen == len(tree.feature)


def tree_sums(graph: GraphBuilder, features: str, ensemble: Ensemble) -> str:
    """Name of the sums float32 [batch, targets] for the values ``features`` [batch, n]; trees of one leaf are in the base values."""
    base = ensemble.base.astype(np.float64).copy()
    columns: dict[str, list[object]] = {}
    grown = [tree for tree in ensemble.trees if tree.inner[0]]
    for tree in ensemble.trees:
        if not tree.inner[0]:
            base[tree.target] += float(tree.value[0])
    for number, tree in enumerate(grown):
        for name, values in _attributes(tree, number, "BRANCH_LEQ" if ensemble.or_equal else "BRANCH_LT").items():
            columns.setdefault(name, []).extend(values)
    if ensemble.zero_missing is not None:
        features = _without_zeros(graph, features, ensemble.zero_missing)
    if not grown:
        return _constant_sums(graph, features, base)
    return graph.op(
        "TreeEnsembleRegressor", features, domain="ai.onnx.ml", n_targets=ensemble.targets, base_values=base.tolist(), **columns
    )


def _without_zeros(graph: GraphBuilder, features: str, columns: Array) -> str:
    """``features`` with no number in place of a zero in ``columns``."""
    far = graph.op("Greater", graph.op("Abs", features), graph.constant(np.where(columns, NEARLY_ZERO, np.float32(-1))[None, :]))
    return graph.op("Where", far, features, graph.constant(np.float32(np.nan)))


def _constant_sums(graph: GraphBuilder, features: str, base: Array) -> str:
    """``base`` for every row, whatever is in it."""
    count = graph.op("Slice", graph.op("Shape", features), *(graph.constant([k], "int64") for k in (0, 1)))
    shape = graph.op("Concat", count, graph.constant([len(base)], "int64"), axis=0)
    return graph.op("Expand", graph.constant(base[None, :]), shape)


def _attributes(tree: Tree, number: int, mode: str) -> dict[str, list[object]]:
    inner = tree.inner
    leaves = np.flatnonzero(~inner)
    count = len(inner)
    return {
        "nodes_treeids": [number] * count,
        "nodes_nodeids": list(range(count)),
        "nodes_featureids": np.where(inner, tree.feature, 0).tolist(),
        "nodes_modes": [mode if branch else "LEAF" for branch in inner],
        "nodes_values": np.where(inner, tree.threshold, 0).tolist(),
        "nodes_truenodeids": np.where(inner, tree.left, 0).tolist(),
        "nodes_falsenodeids": np.where(inner, tree.right, 0).tolist(),
        "nodes_missing_value_tracks_true": (inner & tree.missing_left).astype(int).tolist(),
        "target_treeids": [number] * len(leaves),
        "target_nodeids": leaves.tolist(),
        "target_ids": [tree.target] * len(leaves),
        "target_weights": tree.value[leaves].astype(np.float64).tolist(),
    }
