"""ONNX → graph. Reads what may be hostile: sizes are bounded, nothing outside of the file is read, no name leaves this room."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import AttributeProto, TensorProto, numpy_helper

from bartik.compiler.graph import Graph
from bartik.compiler.known import computed, expanded
from bartik.compiler.operators import ML, ML_OPERATORS, Builder, Constant, Node, Tensor, Value, WiderError, translate
from bartik.compiler.spec import check_graph
from bartik.core import Array, BundleError, Signature, UnsupportedError
from bartik.core.bundle import Bundle

OPSETS, ML_OPSETS = range(7, 29), range(1, 6)
MAX_NODES, MAX_ELEMENTS, MAX_BYTES = 20_000, 1 << 25, 1 << 29
_DOMAINS = {("", "ai.onnx"): ("opset", OPSETS), (ML,): (f"opset of {ML}", ML_OPSETS)}
_LONG = 64
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
    model = expanded(model)
    _check_sizes(model)
    try:
        return _read(model, bundle.signature, "float32")
    except WiderError:
        return _read(model, bundle.signature, "float64")


def _read(model: onnx.ModelProto, signature: Signature, real: str) -> Graph:
    """The graph with everything computed as ``real``."""
    free = any(isinstance(axis, str) for spec in signature.inputs for axis in spec.shape)
    builder, named = Builder(free=free, real=real), _Named(_initializers(model.graph))
    for spec, declared in zip(signature.inputs, _inputs(model.graph, signature), strict=True):
        named.values[spec.name] = builder.input(spec, declared)
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), OPSETS.stop - 1)
    needed = _needed(model.graph)
    for node in model.graph.node:
        if needed.isdisjoint(node.output):
            continue
        plain, inputs = _plain(node), named.read(node)
        known = computed(node, inputs, opset)
        named.write(node, translate(builder, plain, inputs, opset) if known is None else known)
    outputs = tuple(_output(builder, signature, place, model.graph, named) for place in range(len(signature.outputs)))
    return check_graph(Graph(signature, tuple(builder.ops), outputs, real=real))


def _needed(graph: onnx.GraphProto) -> set[str]:
    """Names of values that an output depends on: a classifier's graph makes labels too, where its scores alone are asked for."""
    found = {value.name for value in graph.output}
    for node in reversed(graph.node):
        if not found.isdisjoint(node.output):
            found.update(node.input)
    return found


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
    """Versions of ONNX's own operators, which a model of ``ai.onnx.ml`` alone may leave out, and of that domain."""
    found = {names: [entry.version for entry in model.opset_import if entry.domain in names] for names in _DOMAINS}
    for names, (what, wanted) in _DOMAINS.items():
        needed = not any(found.values())
        if any(version not in wanted for version in found[names]) or len(found[names]) > 1 or needed:
            text = f"{what} {', '.join(map(str, found[names])) or 'missing'}; opsets {wanted.start} to {wanted.stop - 1} are compiled"
            raise UnsupportedError(text, hint=_HINT)


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
        maker = next((f"operator {_plain_text(n.op_type)} of node {_called(n)}: " for n in graph.node if spec.name in n.output), "")
        raise UnsupportedError(f"{maker}output {_short(spec.name)} does not depend on the inputs", hint=_HINT)
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
    if node.domain not in ((ML,) if node.op_type in ML_OPERATORS else ("", "ai.onnx")):
        raise UnsupportedError(
            f"operator {_plain_text(node.op_type)} (domain {_short(node.domain)}) of node {_called(node)} is not compiled", hint=_HINT
        )
    return Node(_plain_text(node.op_type), _called(node), len(node.output), _attributes(node))


def _attributes(node: onnx.NodeProto) -> Mapping[str, Any]:
    return {_plain_text(a.name): _attribute(a, node) for a in node.attribute}


def _attribute(attribute: onnx.AttributeProto, node: onnx.NodeProto) -> Any:
    if attribute.type not in _ATTRIBUTES:
        text = f"operator {_plain_text(node.op_type)} of node {_called(node)}: attribute {_short(attribute.name)} is not compiled"
        raise UnsupportedError(text, hint=_HINT)
    return _ATTRIBUTES[attribute.type](attribute)


def _long(values: Any, dtype: type) -> Any:
    """A list, or an array where it is long: the nodes of trees are millions."""
    return list(values) if len(values) <= _LONG else np.fromiter(values, dtype, len(values))


_ATTRIBUTES: Mapping[int, Callable[[onnx.AttributeProto], Any]] = {
    AttributeProto.TENSOR: lambda a: _array(a.t),
    AttributeProto.STRING: lambda a: a.s.decode("utf-8", "replace"),
    AttributeProto.FLOAT: lambda a: float(a.f),
    AttributeProto.INT: lambda a: int(a.i),
    AttributeProto.FLOATS: lambda a: _long(a.floats, np.float32),
    AttributeProto.INTS: lambda a: _long(a.ints, np.int64),
    AttributeProto.STRINGS: lambda a: [text.decode("utf-8", "replace") for text in a.strings],
}


def _type_name(code: int) -> str:
    return TensorProto.DataType.Name(code).lower() if code in TensorProto.DataType.values() else f"number {code}"


def _called(node: onnx.NodeProto) -> str:
    return _short(node.name or ", ".join(node.output))


def _short(name: str) -> str:
    """A name as it may stand in a message: quoted, on one line, shortened."""
    return repr(name if len(name) <= 60 else name[:57] + "...")


def _plain_text(name: str) -> str:
    return name if name.isidentifier() and len(name) <= 60 else _short(name)
