"""What ONNX's reference evaluator, by which bundles are judged, is known to get wrong."""

from __future__ import annotations

from collections.abc import Iterator

import onnx


def every_node(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """The nodes of a model: of its graph, of graphs within nodes however deep, and of its own functions."""
    waiting: list[onnx.NodeProto] = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    while waiting:
        node = waiting.pop()
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                waiting.extend(graph.node)


def misjudged(model: onnx.ModelProto) -> str:
    """Why its answers for this model are not ONNX's; empty where nothing is known against them.

    onnx 1.23: ``GRU``, ``LSTM`` and ``RNN`` run forward whatever ``direction`` says.
    """
    for node in every_node(model):
        if node.op_type in ("GRU", "LSTM", "RNN") and any(a.name == "direction" and a.s not in (b"", b"forward") for a in node.attribute):
            return f"ONNX's reference evaluator runs the {node.op_type} of node {node.name!r} forward, whatever its direction"
    return ""
