"""ONNX → graph. Reads what may be hostile: sizes are bounded, nothing outside of the file is read, no name leaves this room."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import AttributeProto, TensorProto, numpy_helper

from bartik.compiler.graph import Graph
from bartik.compiler.operators import Builder, Constant, Node, Tensor, Value, translate
from bartik.compiler.spec import check_graph
from bartik.core import Array, BundleError, Signature, UnsupportedError
from bartik.core.bundle import Bundle

OPSETS = range(13, 26)
MAX_NODES, MAX_ELEMENTS, MAX_BYTES = 20_000, 1 << 25, 1 << 29
_HINT = "use another backend, for example onnxruntime"
_DTYPES = {
    TensorProto.FLOAT: np.float32, TensorProto.INT64: np.int64, TensorProto.INT32: np.int32, TensorProto.BOOL: np.bool_,
    TensorProto.DOUBLE: np.float64, TensorProto.FLOAT16: np.float16, TensorProto.INT8: np.int8, TensorProto.UINT8: np.uint8,
}  # fmt: skip


@dataclass(frozen=True)
class _Named:
    """What a node reads, and what names mean so far."""

    values: dict[str, Value]

    def read(self, node: onnx.NodeProto) -> list[Value | None]:
        for name in node.input:
            if name and name not in self.values:
                reason = f"reads {_short(name)}, which no earlier node makes: the graph is cyclic, unsorted or torn"
                raise BundleError(f"node {_called(node)}: {reason}", hint="export the model again")
        return [self.values[name] if name else None for name in node.input]

    def write(self, node: onnx.NodeProto, results: list[Value]) -> None:
        for name, value in zip(node.output, results, strict=False):
            if name in self.values:
                raise BundleError(f"node {_called(node)}: {_short(name)} is made twice", hint="export the model again")
            if name:
                self.values[name] = value


def read_graph(bundle: Bundle) -> Graph:
    """The graph of a bundle's model; `UnsupportedError` names the operator and the node that this compiler lacks."""
    model = _parse(bundle)
    _check_text(model)
    _check_opset(model)
    _check_sizes(model)
    builder, named = Builder(), _Named(_initializers(model.graph))
    for spec, declared in zip(bundle.signature.inputs, _inputs(model.graph, bundle.signature), strict=True):
        named.values[spec.name] = builder.input(spec, declared)
    for node in model.graph.node:
        named.write(node, translate(builder, _plain(node), named.read(node)))
    outputs = tuple(_output(builder, bundle.signature, place, model.graph, named) for place in range(len(bundle.signature.outputs)))
    return check_graph(Graph(bundle.signature, tuple(builder.ops), outputs))


def _parse(bundle: Bundle) -> onnx.ModelProto:
    size = bundle.model_path.stat().st_size
    if size > MAX_BYTES:
        raise UnsupportedError(f"{bundle.model_path}: {size} bytes; at most {MAX_BYTES} are compiled", hint=_HINT)
    try:
        return onnx.load_model_from_string(bundle.model_path.read_bytes())
    except DecodeError as error:
        raise BundleError(f"{bundle.model_path}: not readable as ONNX", hint="export the model again") from error


def _check_text(model: onnx.ModelProto) -> None:
    """A torn file can hold names that are no text: protobuf hands them on as bytes."""
    graph = model.graph
    names: list[str | bytes] = [entry.domain for entry in model.opset_import]
    names += [entry.name for entry in (*graph.initializer, *graph.input, *graph.output)]
    for node in graph.node:
        names += [node.op_type, node.name, node.domain, *node.input, *node.output, *(a.name for a in node.attribute)]
    if any(isinstance(name, bytes) for name in names):
        raise BundleError("a name in the model is not text", hint="export the model again")


def _check_opset(model: onnx.ModelProto) -> None:
    found = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if len(found) != 1 or found[0] not in OPSETS:
        wanted = f"{OPSETS.start} to {OPSETS.stop - 1}"
        raise UnsupportedError(f"opset {', '.join(map(str, found)) or 'missing'}; opsets {wanted} are compiled", hint=_HINT)


def _check_sizes(model: onnx.ModelProto) -> None:
    if len(model.graph.node) > MAX_NODES:
        raise UnsupportedError(f"{len(model.graph.node)} nodes; at most {MAX_NODES} are compiled", hint=_HINT)
    if model.graph.sparse_initializer:
        raise UnsupportedError("sparse initializers are not compiled", hint=_HINT)


def _initializers(graph: onnx.GraphProto) -> dict[str, Value]:
    found: dict[str, Value] = {}
    total = 0
    for tensor in graph.initializer:
        array = _array(tensor)
        total += array.size
        if total > MAX_ELEMENTS:
            raise UnsupportedError(f"more than {MAX_ELEMENTS} weights are not compiled", hint=_HINT)
        found[tensor.name] = Constant(array)
    return found


def _array(tensor: onnx.TensorProto) -> Array:
    """The values of a tensor that is in the file itself, of a size that its bytes bear out."""
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        reason = f"initializer {_short(tensor.name)}: its values are in another file, which is not read"
        raise UnsupportedError(reason, hint="export the model with external_data=False")
    if tensor.data_type not in _DTYPES:
        raise UnsupportedError(f"initializer {_short(tensor.name)}: type {_type_name(tensor.data_type)} is not compiled", hint=_HINT)
    if any(size < 0 for size in tensor.dims) or math.prod(tensor.dims) > MAX_ELEMENTS:
        raise UnsupportedError(f"initializer {_short(tensor.name)}: shape {list(tensor.dims)[:8]} is not compiled", hint=_HINT)
    try:
        return np.array(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, RuntimeError) as error:
        raise BundleError(f"initializer {_short(tensor.name)}: values do not fit its shape", hint="export the model again") from error


def _inputs(graph: onnx.GraphProto, signature: Signature) -> list[str]:
    """Dtypes declared for the inputs; names and ranks must be those of the signature."""
    constants = {tensor.name for tensor in graph.initializer}
    declared = {value.name: value.type.tensor_type for value in graph.input if value.name not in constants}
    _check_names("inputs", declared, [spec.name for spec in signature.inputs])
    for spec in signature.inputs:
        rank = len(declared[spec.name].shape.dim)
        if rank != len(spec.shape):
            raise BundleError(f"input {_short(spec.name)}: has {rank} axes in the graph, {len(spec.shape)} in the signature")
    return [_type_name(declared[spec.name].elem_type) for spec in signature.inputs]


def _check_names(kind: str, found: Iterable[str], wanted: list[str]) -> None:
    names = sorted(found)
    if names != sorted(wanted):
        came = ", ".join(map(_short, names[:8])) or "none"
        raise BundleError(f"{kind} of the graph are {came}; the signature has {', '.join(map(_short, wanted))}")


def _output(builder: Builder, signature: Signature, place: int, graph: onnx.GraphProto, named: _Named) -> str:
    """The value of one output, which must have the signature's shape and depend on the inputs."""
    spec = signature.outputs[place]
    _check_names("outputs", [value.name for value in graph.output], [output.name for output in signature.outputs])
    value = named.values.get(spec.name)
    if not isinstance(value, Tensor) or value.constant:
        raise UnsupportedError(f"output {_short(spec.name)}: does not depend on the inputs", hint=_HINT)
    shape = tuple(axis if isinstance(axis, int) else None for axis in spec.shape)
    if value.shape != shape or value.dtype != spec.dtype:
        raise UnsupportedError(
            f"output {_short(spec.name)}: is {value.dtype}{_axes(value.shape)} in the graph, {spec.dtype}{_axes(shape)} in the signature",
            hint=_HINT,
        )
    return builder.output(value)


def _axes(shape: tuple[int | None, ...]) -> str:
    return f"[{', '.join('batch' if axis is None else str(axis) for axis in shape)}]"


def _plain(node: onnx.NodeProto) -> Node:
    if node.domain not in ("", "ai.onnx"):
        raise UnsupportedError(
            f"operator {_plain_text(node.op_type)} (domain {_short(node.domain)}) of node {_called(node)} is not compiled", hint=_HINT
        )
    return Node(_plain_text(node.op_type), _called(node), len(node.output), _attributes(node))


def _attributes(node: onnx.NodeProto) -> Mapping[str, Any]:
    return {_plain_text(a.name): _attribute(a, node) for a in node.attribute}


def _attribute(attribute: onnx.AttributeProto, node: onnx.NodeProto) -> Any:
    match attribute.type:
        case AttributeProto.TENSOR:
            return _array(attribute.t)
        case AttributeProto.STRING:
            return attribute.s.decode("utf-8", "replace")
        case AttributeProto.FLOAT:
            return float(attribute.f)
        case AttributeProto.INT:
            return int(attribute.i)
        case AttributeProto.FLOATS:
            return [float(v) for v in attribute.floats]
        case AttributeProto.INTS:
            return [int(v) for v in attribute.ints]
        case _:
            raise UnsupportedError(
                f"operator {_plain_text(node.op_type)} of node {_called(node)}: attribute {_short(attribute.name)} is not compiled",
                hint=_HINT,
            )


def _type_name(code: int) -> str:
    return TensorProto.DataType.Name(code).lower() if code in TensorProto.DataType.values() else f"number {code}"


def _called(node: onnx.NodeProto) -> str:
    return _short(node.name or ", ".join(node.output))


def _short(name: str) -> str:
    """A name as it may stand in a message: quoted, on one line, shortened."""
    return repr(name if len(name) <= 60 else name[:57] + "...")


def _plain_text(name: str) -> str:
    return name if name.isidentifier() and len(name) <= 60 else _short(name)
