"""An ONNX graph as a list of torch functions over values by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from bartik.backends import check_graph
from bartik.backends._torch import arithmetic, arrays
from bartik.backends._torch.operator import Operator, Value, whole
from bartik.core import BackendError, UnsupportedError
from bartik.core.bundle import Bundle

OPERATORS = arithmetic.OPERATORS | arrays.OPERATORS

_OPSETS = (13, onnx.defs.onnx_opset_version())
"""Since 13 softmax works on one axis and axes come as inputs; what a later opset adds is refused by its attribute."""


@dataclass(frozen=True)
class Step:
    """One node made ready: a function, its arguments (a name, or a list known beforehand), the names it fills."""

    function: Callable[..., Value]
    arguments: tuple[str | list[int] | None, ...]
    results: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A graph made ready: steps in order over values by name."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Tensor]
    steps: tuple[Step, ...]

    def run(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the order of the signature."""
        values: dict[str, Value] = {**self.constants, **dict(zip(self.inputs, inputs, strict=True))}
        for step in self.steps:
            found = step.function(*(values[a] if isinstance(a, str) else a for a in step.arguments))
            values.update(zip(step.results, found if isinstance(found, tuple) else (found,), strict=True))
        return tuple(values[name] for name in self.outputs)


def read_program(bundle: Bundle) -> Program:
    """The bundle's graph made ready; `UnsupportedError` names the first node that cannot be."""
    try:
        model = bundle.model()
        onnx.checker.check_model(model)
        constants = {tensor.name: _constant(tensor) for tensor in model.graph.initializer}
    except Exception as error:  # protobuf, the checker and numpy each raise their own
        raise BackendError(f"{bundle.model_path}: not a model torch can read ({first_line(error)})", hint="export it again") from error
    _check_opset(bundle, model)
    graph = model.graph
    check_graph(bundle, [v.name for v in graph.input if v.name not in constants], [v.name for v in graph.output])
    constants |= {node.output[0]: _constant_node(node) for node in graph.node if node.op_type == "Constant"}
    steps = tuple(_read_node(node, constants) for node in graph.node if node.op_type != "Constant")
    inputs = tuple(spec.name for spec in bundle.signature.inputs)
    return Program(inputs, tuple(spec.name for spec in bundle.signature.outputs), constants, steps)


def _check_opset(bundle: Bundle, model: onnx.ModelProto) -> None:
    for entry in model.opset_import:
        if entry.domain in {"", "ai.onnx"} and not _OPSETS[0] <= entry.version <= _OPSETS[1]:
            hint = "export with another opset, or use the backend onnxruntime"
            raise UnsupportedError(f"{bundle.model_path}: opset {entry.version}, wanted {_OPSETS[0]} to {_OPSETS[1]}", hint=hint)


def _read_node(node: onnx.NodeProto, constants: Mapping[str, Tensor]) -> Step:
    operator = OPERATORS.get(node.op_type) if node.domain in {"", "ai.onnx"} else None
    if operator is None:
        raise _lacks(node, "is not supported")
    attributes = {a.name: _attribute(a) for a in node.attribute}
    for name, value in attributes.items():
        if name not in operator.attributes | operator.only.keys() or value not in operator.only.get(name, (value,)):
            raise _lacks(node, f"with attribute {name}={value!r} is not supported")
    results = tuple(name for name in node.output if name)
    if operator.one_result and len(results) != 1:
        raise _lacks(node, f"with {len(results)} outputs is not supported")
    arguments = tuple(_argument(name, constants, listed=place in operator.lists) for place, name in enumerate(node.input))
    return Step(_bound(operator, attributes, len(results)), arguments, results)


def _bound(operator: Operator, attributes: Mapping[str, Any], results: int) -> Callable[..., Value]:
    chosen = {name: value for name, value in attributes.items() if name in operator.attributes}
    if "results" in operator.attributes:
        chosen["results"] = results
    function = operator.function
    return (lambda *arguments: function(*arguments, **chosen)) if chosen else function


def _argument(name: str, constants: Mapping[str, Tensor], *, listed: bool) -> str | list[int] | None:
    if not name:
        return None
    return whole(constants[name]) if listed and name in constants else name


def _lacks(node: onnx.NodeProto, what: str) -> UnsupportedError:
    kind = f"{node.domain}:{node.op_type}" if node.domain else node.op_type
    return UnsupportedError(
        f"backend torch: operator {kind} of node {node.name or node.output[0]!r} {what}", hint="use the backend onnxruntime or reference"
    )


def _attribute(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return _constant(value)
    return value.decode() if isinstance(value, bytes) else value


def _constant(tensor: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(np.array(numpy_helper.to_array(tensor)))


def _constant_node(node: onnx.NodeProto) -> Tensor:
    value = _attribute(node.attribute[0])
    if isinstance(value, str) or node.attribute[0].name.startswith(("sparse", "value_string")):
        raise _lacks(node, f"with attribute {node.attribute[0].name} is not supported")
    if isinstance(value, Tensor):
        return value
    return torch.tensor(value, dtype=torch.int64 if node.attribute[0].name.startswith("value_int") else torch.float32)


def first_line(error: Exception) -> str:
    """What of a long complaint fits in a message."""
    return str(error).strip().partition("\n")[0]
