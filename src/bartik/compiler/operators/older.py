"""What earlier opsets said otherwise, said as opset 13 and later do: attributes that became inputs, and axes that were flattened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from bartik.compiler.operators.builder import Constant, Node, Value

Inputs: TypeAlias = list[Value | None]

_INPUTS: Mapping[str, tuple[int, tuple[tuple[str, type], ...]]] = {
    "Clip": (11, (("min", np.float32), ("max", np.float32))),
    "Pad": (11, (("pads", np.int64), ("value", np.float32))),
    "ReduceSum": (13, (("axes", np.int64),)),
    "Slice": (10, (("starts", np.int64), ("ends", np.int64), ("axes", np.int64))),
    "Split": (13, (("split", np.int64),)),
    "Squeeze": (13, (("axes", np.int64),)),
    "TopK": (10, (("k", np.int64),)),
    "Unsqueeze": (13, (("axes", np.int64),)),
    "Upsample": (9, (("scales", np.float32),)),
}
"""Operators, the opset from which these attributes are inputs, behind the first, and their types."""
_GONE = {"BatchNormalization": (9, "spatial", 1), "Dropout": (12, "ratio", None)}
"""Attributes that went: of which only this value is what is meant today, or any."""
_FLATTENED = ("Softmax", "LogSoftmax", "Hardmax")


def modern(node: Node, inputs: Inputs, opset: int) -> tuple[Node, Inputs]:
    """``node`` of an earlier ``opset`` as a later one writes it."""
    if node.kind in _GONE and opset < _GONE[node.kind][0]:
        node = _without(node, *_GONE[node.kind][1:])
    if node.kind in _INPUTS and opset < _INPUTS[node.kind][0]:
        node, inputs = _as_inputs(node, inputs, _INPUTS[node.kind][1])
    if node.kind in _FLATTENED and opset < 13:
        node = replace(node, attributes={"axis": 1, **node.attributes, "flattened": 1})
    if node.kind == "Upsample":
        more = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        node, inputs = replace(node, kind="Resize", attributes={**node.attributes, **more}), [inputs[0], None, *inputs[1:]]
    elif node.kind == "Resize" and opset < 11:
        more = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        node, inputs = replace(node, attributes={**node.attributes, **more}), [inputs[0], None, *inputs[1:]]
    return node, inputs


def _without(node: Node, name: str, value: Any) -> Node:
    if value is not None and node.attributes.get(name, value) != value:
        return node
    return replace(node, attributes={key: given for key, given in node.attributes.items() if key != name})


def _as_inputs(node: Node, inputs: Inputs, names: tuple[tuple[str, type], ...]) -> tuple[Node, Inputs]:
    given = [node.attributes.get(name) for name, _ in names]
    more: Inputs = [None if value is None else Constant(np.array(value, kind)) for value, (_, kind) in zip(given, names, strict=True)]
    while more and more[-1] is None:
        more.pop()
    known = {name for name, _ in names}
    kept = {key: value for key, value in node.attributes.items() if key not in known}
    return replace(node, attributes=kept), [*inputs, *more]
