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

    onnx 1.23.2: ``GRU``, ``LSTM`` and ``RNN`` leave out ``clip``, ``activations`` and ``sequence_lens``; every group of a
    ``ConvTranspose`` gets the bias of the first. Before it, recurrent layers ran forward whatever ``direction`` said.
    """
    for node in every_node(model):
        who = f"ONNX's reference evaluator, for the {node.op_type} of node {node.name or node.output[0]!r},"
        if node.op_type in _USUAL and (left := _left_out(node)):
            return f"{who} leaves out {left}"
        if node.op_type == "ConvTranspose" and len(node.input) == _WITH_BIAS and any(a.name == "group" and a.i > 1 for a in node.attribute):
            return f"{who} gives every group the bias of the first"
    return ""


_USUAL = {"GRU": ("sigmoid", "tanh"), "LSTM": ("sigmoid", "tanh", "tanh"), "RNN": ("tanh",)}
"""Activations of a recurrent layer that says nothing of them."""
_LENGTHS = 4
"""Place of ``sequence_lens`` among its inputs."""
_WITH_BIAS = 3
"""Inputs of a convolution that has one."""
_DIRECTIONS = tuple(int(part) for part in onnx.__version__.split(".")[:3] if part.isdigit()) >= (1, 23, 2)
"""Whether it knows them."""


def _left_out(node: onnx.NodeProto) -> str:
    """What it does not look at of a recurrent layer."""
    usual = _USUAL[node.op_type]
    for attribute in node.attribute:
        if attribute.name == "direction" and attribute.s not in (b"", b"forward") and not _DIRECTIONS:
            return "the direction"
        if attribute.name == "clip" and attribute.f:
            return "the clip"
        if attribute.name == "activations":
            names = tuple(name.decode(errors="replace").lower() for name in attribute.strings)
            if names != usual * (len(names) // len(usual)):
                return "the activations"
    return "the lengths of the sequences" if len(node.input) > _LENGTHS and node.input[_LENGTHS] else ""
