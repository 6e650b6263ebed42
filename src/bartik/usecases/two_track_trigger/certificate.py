"""What is certain of an exported network, read from the weights in its file alone, in float64, also where they are 8 bits.

With A_k the norms of the layers (largest weight of the first, largest sum of weights in a row of the others), r the factor of the sum
that makes it rise, and x the scaled inputs: |Δresponse| <= (A1 A2 A3 + r) |Δx|_1.

Values in 8 bits move in steps: a step s changes |Q(a) - Q(b)| <= |a - b| + s and keeps order. So with steps s1, s2, s3 before the layers
and n inputs |Δresponse| <= (A1 A2 A3 + r) (|Δx|_1 + n s1) + A2 A3 s2 + A3 s3, and where an input rises the response falls by at most
A2 A3 s2 + A3 s3, and what A1 A2 A3 is larger than r, times the rise and s1.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from bartik.core import Array, Arrays, BundleError
from bartik.core.bundle import Bundle


class Certificate(NamedTuple):
    """``|Δresponse| <= bound |Δx|_1 + step``; while an input that must not lower it rises by t it falls by at most ``fall + excess t``."""

    bound: float
    step: float = 0.0
    fall: float = 0.0
    excess: float = 0.0


def certificate(bundle: Bundle) -> Certificate:
    """Of a bundle of this use case; `BundleError` where its graph is another network."""
    graph = bundle.model().graph
    values: Arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made = {node.output[0]: node for node in graph.node}
    layers = [node for node in graph.node if node.op_type == "Gemm"]
    if len(layers) < 2:
        raise BundleError(
            f"{bundle.path}: {len(layers)} dense layers, so no Lipschitz network", hint="wanted a bundle of two_track_trigger"
        )
    weights = [np.abs(_weight(layer.input[1], values, made)) for layer in layers]
    norms = [float(weights[0].max()), *(float(weight.sum(axis=1).max()) for weight in weights[1:])]
    steps = [_step(layer.input[0], values, made) for layer in layers]
    behind = [float(np.prod(norms[k:])) for k in range(len(norms))]
    rise = _rise(graph, values)
    fall = sum(norm * step for norm, step in zip(behind[1:], steps[1:], strict=True))
    bound = behind[0] + rise
    excess = max(behind[0] - rise, 0.0)
    return Certificate(bound, bound * weights[0].shape[1] * steps[0] + fall, fall + excess * steps[0], excess)


def _weight(name: str, values: Arrays, made: dict[str, onnx.NodeProto]) -> Array:
    """Weights [outputs, inputs] in float64, multiplied out where they are 8 bits."""
    if name in values:
        return values[name].astype(np.float64)
    whole, scale, zero = (values[part].astype(np.float64) for part in made[name].input)
    return np.asarray((whole - zero.reshape(-1, 1)) * scale.reshape(-1, 1))


def _step(name: str, values: Arrays, made: dict[str, onnx.NodeProto]) -> float:
    """Width of the steps in which a layer's input comes, 0 where it is no 8 bits."""
    node = made.get(name)
    return float(values[node.input[1]]) if node is not None and node.op_type == "DequantizeLinear" else 0.0


def _rise(graph: onnx.GraphProto, values: Arrays) -> float:
    """What the sum of the inputs is multiplied with, 0 where there is none."""
    sums = {node.output[0] for node in graph.node if node.op_type == "ReduceSum"}
    found = [name for node in graph.node if node.op_type == "Mul" and sums & set(node.input) for name in node.input if name in values]
    return float(np.abs(values[found[0]]).max()) if found else 0.0


def scaled_inputs(bundle: Bundle, features: Array) -> Array:
    """The inputs x [rows, columns] of the first layer, float64, for features in physical units: what the certificate counts changes in."""
    model = bundle.model()
    first = next(node for node in model.graph.node if node.op_type == "Gemm").input[0]
    made = {node.output[0]: node for node in model.graph.node}
    while first in made and made[first].op_type in ("DequantizeLinear", "QuantizeLinear"):
        first = made[first].input[0]
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(first, onnx.TensorProto.FLOAT, ["batch", features.shape[1]]))
    (found,) = cast(list[Array], ReferenceEvaluator(model).run([first], {"features": features}))
    return found.astype(np.float64)
