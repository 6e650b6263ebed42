"""What ONNX's reference evaluator, by which bundles are judged, is known to get wrong."""

from __future__ import annotations

import onnx


def misjudged(model: onnx.ModelProto) -> str:
    """Why its answers for this model are not ONNX's; empty where nothing is known against them.

    onnx 1.23: ``GRU``, ``LSTM`` and ``RNN`` run forward whatever ``direction`` says.
    """
    for node in model.graph.node:
        if node.op_type in ("GRU", "LSTM", "RNN") and any(a.name == "direction" and a.s not in (b"", b"forward") for a in node.attribute):
            return f"ONNX's reference evaluator runs the {node.op_type} of node {node.name!r} forward, whatever its direction"
    return ""
