"""How much work one ONNX operator is: multiply-adds, functions that take a series, comparisons of trees, steps one after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import onnx
from onnx import helper

Shapes = Mapping[str, Sequence[int]]
"""Of values by name."""

_PRODUCTS = ("Gemm", "MatMul", "Conv", "ConvTranspose")
_RECURRENT = {"RNN": 1, "GRU": 3, "LSTM": 4}
"""Gates of each kind of cell."""
_TREES = ("TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble")
_MOVES = ("Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND", "TopK", "Resize", "Einsum", "Attention")
_SERIES = {
    "Exp": 1, "Log": 1, "Tanh": 1, "Sigmoid": 1, "Erf": 1, "Gelu": 1, "Softplus": 1, "Elu": 1, "Selu": 1, "Celu": 1, "Mish": 2, "Swish": 1,
    "Softmax": 1, "LogSoftmax": 1, "Sin": 1, "Cos": 1, "Tan": 1, "Atan": 1, "Asin": 1, "Acos": 1, "Sinh": 1, "Cosh": 1, "Pow": 2,
}  # fmt: skip
"""Functions that a processor computes as a series of some ten multiply-adds, for each value."""


@dataclass(frozen=True)
class Work:
    """What a candidate is of work; ``moved`` bytes come in or go out for it, ``weights`` bytes are read once a call."""

    multiply_adds: int = 0
    series: int = 0
    comparisons: int = 0
    steps: int = 0
    moved: int = 0
    weights: int = 0

    def __add__(self, other: Work) -> Work:
        """Both."""
        return Work(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def divided(self, parts: int) -> Work:
        """One of so many equal ``parts``; steps are one after the other for all of them."""
        return replace(Work(*(getattr(self, field.name) // parts for field in fields(self))), steps=self.steps)

    @property
    def total(self) -> int:
        """One number to order by: a function that takes a series counts as ten multiply-adds."""
        return self.multiply_adds + 10 * self.series + self.comparisons

    def bytes(self, batch: int) -> float:
        """Bytes for a candidate in a batch of this size."""
        return self.moved + self.weights / batch

    def intensity(self, batch: int) -> float:
        """Floating-point operations for each byte, a multiply-add being two (Williams, Waterman and Patterson, CACM 52 (2009) 65)."""
        return 2 * self.multiply_adds / max(1.0, self.bytes(batch))


def is_heavy(node: onnx.NodeProto) -> bool:
    """Whether a layer begins with it."""
    return node.op_type in (*_PRODUCTS, *_RECURRENT, *_TREES, *_MOVES)


def work_of(node: onnx.NodeProto, shapes: Shapes) -> Work:
    """Of one operator, whose inputs and outputs have these ``shapes``; bytes are not counted here."""
    made = math.prod(shapes.get(node.output[0], (0,)))
    if node.op_type in _RECURRENT:
        return _recurrent(node, shapes)
    if node.op_type in _TREES:
        return Work(comparisons=_comparisons(node) * shapes[node.input[0]][0])
    return Work(multiply_adds=_products(node, shapes, made), series=_SERIES.get(node.op_type, 0) * made)


def _products(node: onnx.NodeProto, shapes: Shapes, made: int) -> int:
    if node.op_type == "Gemm":
        transposed = any(a.name == "transA" and helper.get_attribute_value(a) for a in node.attribute)
        return made * shapes[node.input[0]][0 if transposed else 1]
    if node.op_type == "MatMul":
        return made * shapes[node.input[0]][-1]
    if node.op_type == "Conv":
        return made * math.prod(shapes[node.input[1]][1:])
    if node.op_type == "ConvTranspose":
        return math.prod(shapes[node.input[0]]) * math.prod(shapes[node.input[1]][1:])
    return 0


def _recurrent(node: onnx.NodeProto, shapes: Shapes) -> Work:
    """Weights are [directions, gates * hidden, inputs], X [steps, batch, inputs] or, with layout 1, [batch, steps, inputs]."""
    x, weights, again = (shapes[name] for name in node.input[:3])
    cells, hidden = weights[0] * x[0] * x[1], again[-1]
    batch_first = any(a.name == "layout" and a.i for a in node.attribute)
    products = cells * weights[1] * (weights[2] + hidden)
    return Work(multiply_adds=products, series=cells * _RECURRENT[node.op_type] * hidden, steps=x[1] if batch_first else x[0])


def _comparisons(node: onnx.NodeProto) -> int:
    """Nodes on the way to a leaf, as if trees were balanced, summed over trees."""
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if "nodes_treeids" in attributes:
        trees = len(set(attributes["nodes_treeids"]))
        inner = sum(mode != b"LEAF" for mode in attributes["nodes_modes"])
    else:
        trees, inner = len(attributes["tree_roots"]), len(attributes["nodes_featureids"])
    return round(trees * math.log2(inner / max(1, trees) + 1))
