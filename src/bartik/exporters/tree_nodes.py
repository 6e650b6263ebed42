"""Trees read back from the tree operators of an ONNX graph: where their cuts are, to try a graph there."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from bartik.core import Array
from bartik.exporters.trees import Ensemble, Tree, rounded_down

OPERATORS = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")
_SWAPPED = ("BRANCH_GT", "BRANCH_GTE")
_BELOW = ("BRANCH_LEQ", "BRANCH_LT", *_SWAPPED)


def trees_in(model: onnx.ModelProto, features: int) -> Ensemble:
    """All trees of ``model`` that cut on numbers, as one `Ensemble` over ``features`` columns; its leaves have no values."""
    nodes = [node for node in model.graph.node if node.op_type in OPERATORS]
    trees = [tree for node in nodes for tree in _trees(_attributes(node)) if tree is not None and tree.feature.max() < features]
    modes = {mode for node in nodes for mode in _attributes(node)["nodes_modes"]}
    return Ensemble(features, tuple(trees), np.zeros(1), or_equal=bool(modes & {b"BRANCH_LEQ", b"BRANCH_GT"}))


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    found = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    if "nodes_values_as_tensor" in found:
        found["nodes_values"] = numpy_helper.to_array(found["nodes_values_as_tensor"])
    return found


def _trees(found: dict[str, Any]) -> list[Tree | None]:
    numbers = np.array(found["nodes_treeids"])
    return [_tree(found, np.flatnonzero(numbers == number)) for number in np.unique(numbers)]


def _tree(found: dict[str, Any], here: Array) -> Tree | None:
    modes = [found["nodes_modes"][place].decode() for place in here]
    if any(mode not in (*_BELOW, "LEAF") for mode in modes):
        return None
    place = {int(found["nodes_nodeids"][index]): position for position, index in enumerate(here)}
    inner = np.array([mode != "LEAF" for mode in modes])
    swapped = np.array([mode in _SWAPPED for mode in modes])
    true, false = (
        np.array([place[int(found[key][index])] if branch else -1 for index, branch in zip(here, inner, strict=True)])
        for key in ("nodes_truenodeids", "nodes_falsenodeids")
    )
    return Tree(
        feature=np.where(inner, np.array(found["nodes_featureids"])[here], -1),
        threshold=rounded_down(np.array(found["nodes_values"], np.float64)[here]),
        missing_left=np.zeros(len(here), bool),
        left=np.where(swapped, false, true),
        right=np.where(swapped, true, false),
        value=np.zeros(len(here)),
    )
