"""What a model answers, and which of it each output of a signature asks for: the same for numbers and for graphs.

A model has sums (``margin`` [batch, k]) and what they become by its objective (``value`` [batch, k]). An output called ``margin`` is
the sums; another float32 output of k values a row is the values, one of 2 where k is 1 is the two probabilities ``1 - p, p``; an integer
output is the number of the class: ``p > 0.5``, or the largest of several.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from bartik.core import Array, Arrays, ExportError, Signature, TensorSpec
from bartik.exporters.graphs import GraphBuilder

_TIE = 1e-5
"""Two probabilities nearer than that may change places by rounding."""
MARGIN = "margin"
"""Name of an output that is wanted without the objective's last step."""


def check_answers(name: object, signature: Signature, features: int, count: int) -> None:
    """`ExportError` unless ``signature`` takes rows of ``features`` values and asks for what a model of ``count`` values can say."""
    inputs = signature.inputs
    if len(inputs) != 1 or inputs[0].dtype != "float32" or len(inputs[0].shape) != 2 or inputs[0].shape[1] != features:
        came = ", ".join(f"{s.name} {s.dtype}[{', '.join(map(str, s.shape))}]" for s in inputs)
        raise ExportError(f"{name}: takes one input float32[batch, {features}]; the signature has {came}")
    for spec in signature.outputs:
        if not _fits(spec, count):
            wanted = f"{spec.name} {spec.dtype}[{', '.join(map(str, spec.shape))}]"
            hint = f"wanted: float32 [batch, {count}]{' or [batch, 2]' if count == 1 else ''}, or int64 [batch] for the number of a class"
            raise ExportError(f"{name}: has no output {wanted}", hint=hint)
    if len(signature.outputs) != len({_asked(spec, count) for spec in signature.outputs}):
        raise ExportError(f"{name}: two outputs of the signature ask for the same answer", hint="ask for it once")


def check_labels(name: object, classes: Iterable[Any], signature: Signature, *, any_number: bool = False) -> None:
    """`ExportError` where ``signature`` asks for the number of a class and ``classes``, a model's labels, are something else.

    Numbers of any kind will do with ``any_number``: the output is the label then.
    """
    labels = list(classes)
    if not labels or not any(spec.dtype.startswith("int") for spec in signature.outputs):
        return
    if not all(isinstance(label, int | np.integer) for label in labels) or not (any_number or labels == list(range(len(labels)))):
        hint = "ask for probabilities, or train with labels 0, 1, 2 ..."
        raise ExportError(f"{name}: its labels are {labels[:5]}, not the numbers of its classes", hint=hint)


def answers(signature: Signature, value: Array, margin: Array) -> Arrays:
    """Outputs by name from a model's ``value`` and ``margin`` [batch, k] as its own library gives them."""
    found = {}
    for spec in signature.outputs:
        array = margin if spec.name == MARGIN else value
        if spec.dtype.startswith("int"):
            array = array.argmax(axis=1) if array.shape[1] > 1 else array[:, 0] > 0.5
        elif spec.width == 2 and array.shape[1] == 1:
            array = np.concatenate([1 - array, array], axis=1)
        found[spec.name] = array.astype(spec.dtype).reshape(len(value), *spec.shape[1:])
    return found


def decided(signature: Signature, value: Array) -> Array:
    """Which rows of ``value`` [rows, k] have a label that rounding cannot change, where ``signature`` asks for one."""
    if not any(spec.dtype.startswith("int") for spec in signature.outputs):
        return np.ones(len(value), bool)
    both = np.concatenate([value, 1 - value], axis=1) if value.shape[1] == 1 else value
    top = np.sort(both, axis=1)
    return np.asarray(top[:, -1] - top[:, -2] > _TIE)


def graph_answers(graph: GraphBuilder, signature: Signature, value: str, margin: str, count: int) -> dict[str, str]:
    """Names by output of the same, for graph values ``value`` and ``margin`` [batch, count]."""
    found = {}
    for spec in signature.outputs:
        name = margin if spec.name == MARGIN else value
        if spec.dtype.startswith("int"):
            name = graph.cast(_label(graph, name, count), spec.dtype)
        elif spec.width == 2 and count == 1:
            name = graph.op("Concat", graph.op("Sub", graph.constant(1.0), name), name, axis=1)
        found[spec.name] = _shaped(graph, name, spec)
    return found


def _label(graph: GraphBuilder, value: str, count: int) -> str:
    return graph.op("ArgMax", value, axis=1, keepdims=1) if count > 1 else graph.op("Greater", value, graph.constant(0.5))


def _shaped(graph: GraphBuilder, value: str, spec: TensorSpec) -> str:
    return graph.op("Squeeze", value, graph.constant([1], "int64")) if len(spec.shape) == 1 else value


def _asked(spec: TensorSpec, count: int) -> tuple[bool, bool, int]:
    return spec.name == MARGIN, spec.dtype.startswith("int"), max(count, spec.width)


def _fits(spec: TensorSpec, count: int) -> bool:
    if not 1 <= len(spec.shape) <= 2 or not isinstance(spec.shape[0], str):
        return False
    wide = spec.shape[1] if len(spec.shape) == 2 else 1
    if spec.dtype in ("int64", "int32"):
        return wide == 1 and spec.name != MARGIN
    return spec.dtype == "float32" and (wide == count or (wide == 2 and count == 1 and spec.name != MARGIN))
