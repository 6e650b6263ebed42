"""Ensembles of decision trees, and the small operators of ``ai.onnx.ml`` that come with them.

The standard is vague about classifiers with two classes. Where ONNX Runtime and ONNX's reference evaluator differ, the reference
is followed, because bundles are checked with it (docs/trees.md has the list); what neither means alike is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bartik.compiler.operators.arithmetic import number
from bartik.compiler.operators.builder import Builder, Constant, Tensor, Value
from bartik.compiler.operators.table import OPERATORS, operator
from bartik.compiler.trees.forest import Aggregate, Forest
from bartik.compiler.trees.kernels import tree_kernel
from bartik.compiler.trees.read import TreeError, read_ensemble, read_new_ensemble
from bartik.core import Array

_AGGREGATES: Mapping[str, Aggregate] = {"SUM": "sum", "AVERAGE": "sum", "MIN": "min", "MAX": "max"}
_NEW_AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")
_NEW_TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
"""In the order of their numbers in opset 5."""
_NODES = (
    "nodes_falsenodeids", "nodes_featureids", "nodes_hitrates", "nodes_hitrates_as_tensor", "nodes_missing_value_tracks_true",
    "nodes_modes", "nodes_nodeids", "nodes_treeids", "nodes_truenodeids", "nodes_values", "nodes_values_as_tensor",
)  # fmt: skip
_MOST_CLASSES = 256


@operator("TreeEnsembleRegressor")
def _regressor(  # noqa: PLR0913 - ONNX's attributes
    b: Builder, x: Value, *, aggregate_function: str = "SUM", base_values: Any = (), base_values_as_tensor: Any = (), n_targets: int = 1,
    nodes_falsenodeids: Any = (), nodes_featureids: Any = (), nodes_hitrates: Any = (), nodes_hitrates_as_tensor: Any = (),
    nodes_missing_value_tracks_true: Any = (), nodes_modes: Any = (), nodes_nodeids: Any = (), nodes_treeids: Any = (),
    nodes_truenodeids: Any = (), nodes_values: Any = None, nodes_values_as_tensor: Any = None, post_transform: str = "NONE",
    target_ids: Any = (), target_nodeids: Any = (), target_treeids: Any = (), target_weights: Any = None,
    target_weights_as_tensor: Any = None,
) -> Value:  # fmt: skip
    attributes = _given(locals(), (*_NODES, "target_ids", "target_nodeids", "target_treeids", "target_weights", "target_weights_as_tensor"))
    rows = _rows(b, x)
    aggregate = _aggregate(b, aggregate_function)
    if not 1 <= n_targets <= _MOST_CLASSES:
        raise b.refuse(f"{n_targets} targets are not compiled, 1 to {_MOST_CLASSES} are")
    forest = _read(b, lambda: read_ensemble(attributes, "target", rows.width, n_targets, aggregate))
    _refuse_transform(b, post_transform)
    found = _sums(b, rows, forest, mean=aggregate_function == "AVERAGE")
    return _with_base(b, found, _base(b, base_values, base_values_as_tensor), n_targets)


@operator("TreeEnsemble")
def _ensemble(  # noqa: PLR0913 - ONNX's attributes
    b: Builder, x: Value, *, aggregate_function: int = 1, leaf_targetids: Any = (), leaf_weights: Any = None, membership_values: Any = (),
    n_targets: int = 1, nodes_falseleafs: Any = (), nodes_falsenodeids: Any = (), nodes_featureids: Any = (), nodes_hitrates: Any = (),
    nodes_missing_value_tracks_true: Any = (), nodes_modes: Any = (), nodes_splits: Any = None, nodes_trueleafs: Any = (),
    nodes_truenodeids: Any = (), post_transform: int = 0, tree_roots: Any = (),
) -> Value:  # fmt: skip
    names = (
        "leaf_targetids", "leaf_weights", "membership_values", "nodes_falseleafs", "nodes_falsenodeids", "nodes_featureids",
        "nodes_missing_value_tracks_true", "nodes_modes", "nodes_splits", "nodes_trueleafs", "nodes_truenodeids", "tree_roots",
    )  # fmt: skip
    del nodes_hitrates  # how often a node was visited in training
    attributes = _given(locals(), names)
    rows = _rows(b, x)
    if not (0 <= aggregate_function < len(_NEW_AGGREGATES) and 0 <= post_transform < len(_NEW_TRANSFORMS)):
        raise b.refuse(f"aggregate_function={aggregate_function}, post_transform={post_transform} mean nothing")
    if not 1 <= n_targets <= _MOST_CLASSES:
        raise b.refuse(f"{n_targets} targets are not compiled, 1 to {_MOST_CLASSES} are")
    _refuse_transform(b, _NEW_TRANSFORMS[post_transform])
    how = _NEW_AGGREGATES[aggregate_function]
    forest = _read(b, lambda: read_new_ensemble(attributes, rows.width, n_targets, _aggregate(b, how)))
    return _sums(b, rows, forest, mean=how == "AVERAGE")


@operator("TreeEnsembleClassifier")
def _classifier(  # noqa: PLR0913 - ONNX's attributes
    b: Builder, x: Value, *, base_values: Any = (), base_values_as_tensor: Any = (), class_ids: Any = (), class_nodeids: Any = (),
    class_treeids: Any = (), class_weights: Any = None, class_weights_as_tensor: Any = None, classlabels_int64s: Any = (),
    classlabels_strings: Any = (), nodes_falsenodeids: Any = (), nodes_featureids: Any = (), nodes_hitrates: Any = (),
    nodes_hitrates_as_tensor: Any = (), nodes_missing_value_tracks_true: Any = (), nodes_modes: Any = (), nodes_nodeids: Any = (),
    nodes_treeids: Any = (), nodes_truenodeids: Any = (), nodes_values: Any = None, nodes_values_as_tensor: Any = None,
    post_transform: str = "NONE",
) -> list[Value]:  # fmt: skip
    attributes = _given(locals(), (*_NODES, "class_ids", "class_nodeids", "class_treeids", "class_weights", "class_weights_as_tensor"))
    labels = _class_labels(b, classlabels_int64s, classlabels_strings)
    rows, base = _rows(b, x), _base(b, base_values, base_values_as_tensor)
    forest = _read(b, lambda: read_ensemble(attributes, "class", rows.width, len(labels)))
    voted = set(np.asarray(class_ids).tolist())
    if len(labels) == 2 and len(voted) == 1:
        if voted != {0}:
            raise b.refuse("two classes with weights for the second alone are not compiled: no two runtimes agree what they mean")
        scores = _one_for_two(b, b.pick(_sums(b, rows, forest), np.array([0]), (1,)), base, post_transform)
    else:
        scores = transformed(b, _with_base(b, _sums(b, rows, forest), base, len(labels)), post_transform)
    return [label_of_largest(b, scores, labels), scores]


def _one_for_two(b: Builder, score: Tensor, base: Array, transform: str) -> Tensor:
    """Scores of two classes of one sum: (1 - s, s), or (-s, s) before a transform."""
    if len(base) > 1 and base[0] != base[1]:
        raise b.refuse("two classes of one sum with two base values are not compiled: no two runtimes agree what they mean")
    if len(base):
        score = b.tensor(b.binary("add", score, number(float(base[0]))))
    match transform:
        case "NONE":
            return b.concat([b.tensor(b.binary("sub", number(1), score)), score], (2,), "float32")
        case "LOGISTIC":
            pair = b.concat([b.tensor(b.unary("neg", score)), score], (2,), "float32")
            return b.tensor(b.unary("sigmoid", pair))
    raise b.refuse(f"post_transform={transform} of two classes of one sum is not compiled: no two runtimes agree what it means")


def transformed(b: Builder, scores: Tensor, transform: str) -> Tensor:
    """``scores`` [classes] after ``post_transform``."""
    match transform:
        case "NONE":
            return scores
        case "LOGISTIC":
            return b.tensor(b.unary("sigmoid", scores))
        case "SOFTMAX" | "SOFTMAX_ZERO":
            return _softmax(b, scores, zero=transform == "SOFTMAX_ZERO")
    raise b.refuse(f"post_transform={transform} is not compiled: runtimes differ outside of 0 to 1")


def _softmax(b: Builder, scores: Tensor, *, zero: bool) -> Tensor:
    """``exp(x - max) / sum``; with ``zero``, a score of nearly nothing stays so: ``x exp(-max)``."""
    largest = _fold(b, "maximum", scores)
    powers = b.unary("exp", b.binary("sub", scores, largest))
    if zero:
        small = b.binary("less_or_equal", b.unary("abs", scores), number(1e-7))
        powers = b.broadcast("select", [small, b.binary("mul", scores, b.unary("exp", b.unary("neg", largest))), powers])
    total = _total(b, b.tensor(powers))
    if not zero:
        return b.tensor(b.binary("div", powers, total))
    nothing = b.binary("equal", total, number(0))
    return b.tensor(b.broadcast("select", [nothing, number(0.5), b.binary("div", powers, total)]))


def _fold(b: Builder, kind: str, x: Tensor) -> Tensor:
    """All elements of a row joined to one."""
    while x.width > 1:
        half = x.width // 2
        joined = b.tensor(b.binary(kind, _part(b, x, 0, half), _part(b, x, half, 2 * half)))
        x = joined if x.width % 2 == 0 else b.concat([joined, _part(b, x, 2 * half, x.width)], (half + 1,), "float32")
    return x


def _total(b: Builder, x: Tensor) -> Tensor:
    return b.dense(x, np.ones((x.width, 1), np.float32), np.zeros(1, np.float32))


def _part(b: Builder, x: Tensor, first: int, last: int) -> Tensor:
    return b.pick(x, np.arange(first, last), (last - first,))


def label_of_largest(b: Builder, scores: Tensor, labels: list[int]) -> Value:
    """The label of the largest score, the first where two are; [batch], int64."""
    best, label = _part(b, scores, 0, 1), b.constant(np.array([labels[0]], np.float32), (1,))
    for k in range(1, len(labels)):
        score = _part(b, scores, k, k + 1)
        larger = b.binary("less", best, score)
        label = b.tensor(b.broadcast("select", [larger, number(float(labels[k])), label]))
        best = b.tensor(b.broadcast("select", [larger, score, best]))
    return _whole_number(b, b.reshaped(label, ()))


def _whole_number(b: Builder, x: Tensor) -> Value:
    found: Value = OPERATORS["Cast"](b, x, to=7)
    return found


@operator("Scaler")
def _scaler(b: Builder, x: Value, *, offset: Any = (), scale: Any = ()) -> Value:
    rows = _rows(b, x)
    shift, factor = (Constant(_per_column(b, values, rows.width, what)) for values, what in ((offset, "offset"), (scale, "scale")))
    return b.binary("mul", b.binary("sub", rows, shift), factor)


@operator("Normalizer")
def _normalizer(b: Builder, x: Value, *, norm: str = "MAX") -> Value:
    """L1 and L2; for MAX, ONNX Runtime takes the largest value, the reference the largest without its sign."""
    rows = _rows(b, x)
    match norm:
        case "L1":
            size = _total(b, b.tensor(b.unary("abs", rows)))
        case "L2":
            size = b.tensor(b.unary("sqrt", _total(b, b.tensor(b.binary("mul", rows, rows)))))
        case _:
            raise b.refuse(f"norm={norm} is not compiled, L1 and L2 are")
    return b.binary("div", rows, b.binary("at_least", number(1e-30), size))


@operator("LinearRegressor")
def _linear_regressor(
    b: Builder, x: Value, *, coefficients: Any = (), intercepts: Any = (), post_transform: str = "NONE", targets: int = 1
) -> Value:
    _refuse_transform(b, post_transform)
    return _linear(b, _rows(b, x), coefficients, intercepts, targets)


@operator("LinearClassifier")
def _linear_classifier(
    b: Builder, x: Value, *, classlabels_ints: Any = (), classlabels_strings: Any = (), coefficients: Any = (), intercepts: Any = (),
    multi_class: int = 0, post_transform: str = "NONE",
) -> list[Value]:  # fmt: skip
    del multi_class  # what the training did
    labels, rows = _class_labels(b, classlabels_ints, classlabels_strings), _rows(b, x)
    count = len(np.asarray(coefficients)) // max(1, rows.width)
    scores = _linear(b, rows, coefficients, intercepts, count)
    if count == 1 and len(labels) == 2:
        scores = b.concat([b.tensor(b.unary("neg", scores)), scores], (2,), "float32")
    elif count != len(labels):
        raise b.refuse(f"coefficients for {count} scores of {len(labels)} classes are not compiled")
    scores = transformed(b, scores, post_transform)
    return [label_of_largest(b, scores, labels), scores]


@operator("ZipMap")
def _zip_map(b: Builder, x: Value, **_: Any) -> Value:
    del x
    raise b.refuse("makes dictionaries, which are not compiled: export with zipmap=False")


def _linear(b: Builder, rows: Tensor, coefficients: Any, intercepts: Any, count: int) -> Tensor:
    weights, biases = np.asarray(coefficients, np.float32).reshape(-1), np.asarray(intercepts, np.float32).reshape(-1)
    if count < 1 or weights.size != count * rows.width or biases.size not in (0, count):
        raise b.refuse(f"{weights.size} coefficients and {biases.size} intercepts for {rows.width} columns are not compiled")
    return b.dense(rows, weights.reshape(count, rows.width).T, biases if biases.size else np.zeros(count, np.float32))


def _given(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Attributes that the node has."""
    return {name: values[name] for name in names if values[name] is not None and len(values[name])}


def _rows(b: Builder, x: Value) -> Tensor:
    rows = b.tensor(x)
    if rows.dtype != "float32" or len(rows.shape) != 2:
        raise b.refuse(f"an input of type {rows.dtype} and {len(rows.shape)} axes is not compiled, float32 [batch, n] is")
    if len(rows.row) > 1 and rows.row[0] != 1:
        raise b.refuse(f"{rows.row[0]} rows in a model without a batch are not compiled, one is")
    return rows


def _read(b: Builder, read: Callable[[], Forest]) -> Forest:
    try:
        return read()
    except TreeError as error:
        raise b.refuse(f"cannot be: {error}") from error


def _aggregate(b: Builder, name: str) -> Aggregate:
    if name not in _AGGREGATES:
        raise b.refuse(f"aggregate_function={name[:40]} is not compiled, {', '.join(_AGGREGATES)} are")
    return _AGGREGATES[name]


def _refuse_transform(b: Builder, name: str) -> None:
    if name != "NONE":
        raise b.refuse(f"post_transform={name[:40]} is not compiled: ONNX Runtime leaves it out for one target, the reference always")


def _sums(b: Builder, rows: Tensor, forest: Forest, *, mean: bool = False) -> Tensor:
    found = b.kernel(tree_kernel(forest), [rows], (forest.targets,))
    return b.tensor(b.binary("div", found, number(len(forest.roots)))) if mean else found


def _base(b: Builder, values: Any, tensor: Any) -> Array:
    found = np.asarray(tensor if len(tensor) else values)
    if found.dtype == np.float64 and len(tensor):
        raise b.refuse("base_values_as_tensor is of float64, float32 is compiled")
    return found.astype(np.float32).reshape(-1)


def _with_base(b: Builder, sums: Tensor, base: Array, targets: int) -> Tensor:
    if not len(base):
        return sums
    if len(base) not in (1, targets):
        raise b.refuse(f"{len(base)} base values for {targets} targets are not compiled")
    return b.tensor(b.binary("add", sums, Constant(np.broadcast_to(base, (targets,)).copy())))


def _class_labels(b: Builder, numbers: Any, strings: Any) -> list[int]:
    if len(strings):
        raise b.refuse("labels that are text are not compiled: train with numbers as labels")
    labels = [int(label) for label in numbers]
    if not 2 <= len(labels) <= _MOST_CLASSES or any(abs(label) > 1 << 24 for label in labels):
        raise b.refuse(f"{len(labels)} classes are not compiled, 2 to {_MOST_CLASSES} with labels of at most 2^24 are")
    return labels


def _per_column(b: Builder, values: Any, width: int, what: str) -> Array:
    found = np.asarray(values, np.float32).reshape(-1)
    if found.size not in (1, width):
        raise b.refuse(f"{found.size} values of {what} for {width} columns are not compiled")
    return np.broadcast_to(found, (width,)).copy()
