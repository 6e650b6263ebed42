"""TMVA's boosted decision trees as one ``TreeEnsembleRegressor``.

A row goes right where ``e.GetValue(GetSelector()) >= GetCutValue()`` if the node's ``cType`` is 1, and where not if it is 0
(``DecisionTreeNode::GoesRight``); both sides are float32. ONNX's ``BRANCH_GTE`` is that comparison, so every node has it and
``cType`` decides which child is the true one: values on a cut, a step beside it and no numbers at all go TMVA's way. (This is
TMVA since ROOT 5.34/20 and 6.02, which reads old files the same way; TMVAs before that compared with ``>``.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element

import numpy as np

from bartik.core import Array
from bartik.exporters.graphs import GraphBuilder
from bartik.exporters.tmva_xml_elements import Elements
from bartik.exporters.tmva_xml_model import WeightFile

_AVERAGED = ("AdaBoost", "RealAdaBoost", "AdaCost", "Bagging")
_REGRESSION = "1"
"""``Types::EAnalysisType``: what the trees themselves do; those of gradient boosting are regression trees always."""


@dataclass(frozen=True)
class Tree:
    """Nodes in the order of the file: ``variable`` is -1 for a leaf, whose ``value`` is its response; children by position."""

    weight: float
    variable: Array
    cut: Array
    right_if: Array
    left: Array
    right: Array
    value: Array


@dataclass(frozen=True)
class Forest:
    """Trees and how their responses become one: an average by weight, or a sum (and a tanh for a classifier)."""

    trees: tuple[Tree, ...]
    combine: Literal["average", "sum", "tanh"]

    @property
    def scales(self) -> list[float]:
        """What each tree's response is multiplied with."""
        if self.combine != "average":
            return [1.0] * len(self.trees)
        norm = sum(tree.weight for tree in self.trees)
        return [tree.weight / norm if norm > np.finfo(np.float64).eps else 0.0 for tree in self.trees]

    @property
    def base(self) -> float:
        """What is added to the sum: gradient boosted regression keeps its start in the first boost weight."""
        return self.trees[0].weight if self.combine == "sum" else 0.0


def read_forest(file: WeightFile) -> Forest:
    """The trees of ``file``; `ExportError` for what a tree ensemble cannot say."""
    elements = file.elements
    weights = elements.child(file.root, "Weights")
    combine = _combine(file, elements, weights)
    trees = list(weights)
    if elements.whole(weights, "NTrees", 1, 1_000_000) != len(trees):
        elements.refuse(f"<Weights NTrees={weights.get('NTrees')}> holds {len(trees)} trees", "is the file whole?")
    regression = weights.get("AnalysisType", weights.get("TreeType")) == _REGRESSION
    yes_no = combine == "average" and not regression and file.flag("UseYesNoLeaf", default=True)
    leaf = "nType" if yes_no else "res" if regression else "purity"
    return Forest(tuple(_tree(file, elements, tree, leaf) for tree in trees), combine)


def tree_response(graph: GraphBuilder, values: str, forest: Forest) -> str:
    """Response [batch, 1] of ``forest`` for ``values`` [batch, n]."""
    base, attributes = _attributes(forest)
    if not attributes:  # nothing but leaves: a constant for every row
        zero = graph.op("Mul", graph.op("ReduceSum", values, graph.constant([1], "int64"), keepdims=1), graph.constant(0.0))
        response = graph.op("Add", zero, graph.constant(base))
    else:
        response = graph.op("TreeEnsembleRegressor", values, domain="ai.onnx.ml", n_targets=1, base_values=[base], **attributes)
    return graph.op("Tanh", response) if forest.combine == "tanh" else response


def _combine(file: WeightFile, elements: Elements, weights: Element) -> Literal["average", "sum", "tanh"]:
    boost = file.option("BoostType")
    if any(name.startswith("Preselection") for name in weights.attrib):
        elements.refuse("option DoPreselection is not supported: cuts before the trees", "train without DoPreselection")
    if boost == "Grad":
        return "tanh" if file.analysis == "classification" else "sum"
    if boost not in _AVERAGED or (file.analysis == "regression" and boost != "Bagging"):
        known = f"{', '.join(_AVERAGED)} and Grad; for regression Grad and Bagging"
        elements.refuse(f"option BoostType={boost} is not supported for {file.analysis}", f"supported: {known}")
    if not file.flag("UseWeightedTrees", default=True):
        hint = "TMVA of ROOT 5 and TMVA of ROOT 6 give different answers for this file"
        elements.refuse("option UseWeightedTrees=False is not supported", hint)
    return "average"


def _tree(file: WeightFile, elements: Elements, element: Element, leaf: str) -> Tree:
    roots = list(element)
    if element.tag != "BinaryTree" or len(roots) != 1:
        elements.refuse(f"<{element.tag} itree={element.get('itree')!r}> must be a <BinaryTree> with one root <Node>")
    nodes = list(_walk(elements, roots[0]))
    position = {id(node): index for index, (node, _, _) in enumerate(nodes)}
    count = len(nodes)
    variable, left, right = (np.full(count, -1, np.int64) for _ in range(3))
    cut, value = np.zeros(count, np.float32), np.zeros(count, np.float32)
    right_if = np.ones(count, bool)
    for index, (node, below, above) in enumerate(nodes):
        if below is None or above is None:
            value[index] = _leaf(elements, node, leaf)
            continue
        variable[index] = elements.whole(node, "IVar", 0, len(file.variables) - 1)
        cut[index] = elements.float32(node, "Cut")
        right_if[index] = elements.whole(node, "cType", 0, 1) == 1
        left[index], right[index] = position[id(below)], position[id(above)]
    weight = float(elements.float32(element, "boostWeight"))
    return Tree(weight, variable, cut, right_if, left, right, value)


def _walk(elements: Elements, root: Element) -> Iterator[tuple[Element, Element | None, Element | None]]:
    """Each node with its left and right child; what hangs below a leaf is not looked at, as in ``DecisionTree::CheckEvent``."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.tag != "Node":
            elements.refuse(f"<{node.tag}> stands where a <Node> was wanted")
        if int(node.get("NCoef", "0") != "0"):
            elements.refuse("option UseFisherCuts is not supported: a node cuts on a sum of variables", "train without UseFisherCuts")
        if elements.whole(node, "nType", -1, 1) != 0:
            yield node, None, None
            continue
        children = {child.get("pos"): child for child in node}
        if set(children) != {"l", "r"} or len(node) != 2:
            elements.refuse(f"a <Node> at depth {node.get('depth')} is no leaf and lacks a child", "is the file whole?")
        yield node, children["l"], children["r"]
        waiting += [children["r"], children["l"]]


def _leaf(elements: Elements, node: Element, leaf: str) -> np.float32:
    """A leaf's response; its purity comes from the events in it before TMVA 4.1.0 (``DecisionTreeNode::ReadAttributes``)."""
    if leaf != "purity" or "purity" in node.attrib:
        return elements.float32(node, leaf)
    signal, background = (elements.float32(node, name) for name in ("nS", "nB"))
    if not signal + background > 0:
        elements.refuse("a leaf <Node> has no purity and no events")
    return np.float32(signal / (signal + background))


def _attributes(forest: Forest) -> tuple[float, dict[str, list[object]]]:
    """The base value, trees of one leaf in it, and the attributes of the operator, empty where no tree is left."""
    base = forest.base
    columns: dict[str, list[object]] = {}
    count = 0
    for tree, scale in zip(forest.trees, forest.scales, strict=True):
        if tree.variable[0] < 0:
            base += scale * float(tree.value[0])
            continue
        for name, values in _one_tree(tree, count, scale).items():
            columns.setdefault(name, []).extend(values)
        count += 1
    return base, columns


def _one_tree(tree: Tree, number: int, scale: float) -> dict[str, list[object]]:
    inner = tree.variable >= 0
    leaves = np.flatnonzero(~inner)
    nodes = range(len(tree.variable))
    return {
        "nodes_treeids": [number] * len(nodes),
        "nodes_nodeids": list(nodes),
        "nodes_featureids": np.where(inner, tree.variable, 0).tolist(),
        "nodes_modes": ["BRANCH_GTE" if branch else "LEAF" for branch in inner],
        "nodes_values": np.where(inner, tree.cut, 0).tolist(),
        "nodes_truenodeids": np.where(inner, np.where(tree.right_if, tree.right, tree.left), 0).tolist(),
        "nodes_falsenodeids": np.where(inner, np.where(tree.right_if, tree.left, tree.right), 0).tolist(),
        "nodes_missing_value_tracks_true": [0] * len(nodes),
        "target_treeids": [number] * len(leaves),
        "target_nodeids": leaves.tolist(),
        "target_ids": [0] * len(leaves),
        "target_weights": (tree.value[leaves].astype(np.float64) * scale).tolist(),
    }
