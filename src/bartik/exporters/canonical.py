"""An ONNX file that depends on the model alone: not on the machine, the working folder or the run that wrote it."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from bartik.core import ExportError, Signature


def canonical_bytes(model: onnx.ModelProto) -> bytes:
    """``model`` without comments, metadata, stack traces and inferred shapes, its attributes in order of name."""
    stripped = onnx.ModelProto()
    stripped.CopyFrom(model)
    stripped.ClearField("doc_string")
    stripped.ClearField("metadata_props")
    _strip_graph(stripped.graph)
    for function in stripped.functions:
        _strip_fields((function, *function.value_info))
        _strip_nodes(function.node)
    return bytes(stripped.SerializeToString(deterministic=True))


def check_signature(model: onnx.ModelProto, signature: Signature) -> None:
    """`ExportError` unless the graph's inputs and outputs have the names, dtypes and ranks of ``signature``, in order."""
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    for kind, specs, values in (("input", signature.inputs, inputs), ("output", signature.outputs, list(model.graph.output))):
        wanted = [f"{s.name} {s.dtype}[{len(s.shape)} axes]" for s in specs]
        came = [_describe(value) for value in values]
        if wanted != came:
            raise ExportError(f"{kind}s of the exported graph are {', '.join(came)}; the signature has {', '.join(wanted)}")


def _describe(value: onnx.ValueInfoProto) -> str:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
    return f"{value.name} {dtype}[{len(kind.shape.dim)} axes]"


def _strip_graph(graph: onnx.GraphProto) -> None:
    graph.ClearField("value_info")
    _strip_fields((graph, *graph.input, *graph.output, *graph.initializer))
    _strip_nodes(graph.node)


def _strip_nodes(nodes: Iterable[onnx.NodeProto]) -> None:
    for node in nodes:
        _strip_fields((node, *node.attribute))
        attributes = sorted(node.attribute, key=lambda attribute: attribute.name)
        for attribute in attributes:
            for graph in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs):
                _strip_graph(graph)
        ordered = [onnx.AttributeProto.FromString(a.SerializeToString()) for a in attributes]
        del node.attribute[:]
        node.attribute.extend(ordered)


def _strip_fields(messages: Iterable[object]) -> None:
    for message in messages:
        for name in ("doc_string", "metadata_props"):
            if name in message.DESCRIPTOR.fields_by_name:  # type: ignore[attr-defined]
                message.ClearField(name)  # type: ignore[attr-defined]
