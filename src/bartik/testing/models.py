"""Small ONNX models and bundles made on the spot, for tests that need one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.core import Array, Arrays, Signature, TensorSpec
from bartik.core.bundle import Bundle, write_bundle

OPSET, IR_VERSION = 20, 10

ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "elu": ("Elu", {"alpha": 0.7}),
    "gelu": ("Gelu", {}),
    "hard_sigmoid": ("HardSigmoid", {}),
    "identity": ("Identity", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.03}),
    "relu": ("Relu", {}),
    "selu": ("Selu", {}),
    "sigmoid": ("Sigmoid", {}),
    "softplus": ("Softplus", {}),
    "tanh": ("Tanh", {}),
}
"""Operator and attributes by name of activation."""


def dense_model(sizes: Sequence[int], activation: str = "relu", *, last: str = "sigmoid", seed: int = 0) -> onnx.ModelProto:
    """A dense network ``features`` float32 [batch, sizes[0]] to ``score`` [batch, sizes[-1]] with random weights."""
    rng = np.random.default_rng(seed)
    nodes, weights, current = [], [], "features"
    for layer, (rows, columns) in enumerate(pairwise(sizes)):
        weights.append(_tensor(f"weight_{layer}", rng.normal(size=(columns, rows)) / rows**0.5))
        weights.append(_tensor(f"bias_{layer}", rng.normal(size=columns) / 4))
        nodes.append(helper.make_node("Gemm", [current, f"weight_{layer}", f"bias_{layer}"], [f"dense_{layer}"], transB=1))
        final = layer == len(sizes) - 2
        kind, attributes = ACTIVATIONS[last if final else activation]
        current = "score" if final else f"hidden_{layer}"
        nodes.append(helper.make_node(kind, [f"dense_{layer}"], [current], **attributes))
    return _model(nodes, weights, dense_signature(sizes))


def custom_operator_model(sizes: Sequence[int]) -> onnx.ModelProto:
    """A model that no runtime can run: its one operator is ``made.up:Frobnicate``."""
    node = helper.make_node("Frobnicate", ["features"], ["score"], domain="made.up", name="the_node")
    model = _model([node], [], dense_signature(sizes))
    model.opset_import.append(helper.make_opsetid("made.up", 1))
    return model


def dense_signature(sizes: Sequence[int]) -> Signature:
    """Signature of `dense_model`."""
    features = TensorSpec("features", "float32", ("batch", sizes[0]))
    return Signature((features,), (TensorSpec("score", "float32", ("batch", sizes[-1])),))


def dense_bundle(path: Path, sizes: Sequence[int] = (17, 25, 20, 1), activation: str = "relu", *, seed: int = 0, rows: int = 33) -> Bundle:
    """A bundle of `dense_model` with ``rows`` reference rows, outputs by ONNX's reference evaluator."""
    model = dense_model(sizes, activation, seed=seed)
    inputs = {"features": random_rows(rows, sizes[0], seed + 1)}
    return model_bundle(path, model, dense_signature(sizes), inputs)


def model_bundle(path: Path, model: onnx.ModelProto, signature: Signature, inputs: Arrays) -> Bundle:
    """A bundle of any model, outputs by ONNX's reference evaluator."""
    names = [spec.name for spec in signature.outputs]
    with np.errstate(all="ignore"):
        values = cast(list[Array], ReferenceEvaluator(model).run(names, inputs))
    outputs = dict(zip(names, values, strict=True))
    return write_bundle(path, model.SerializeToString(deterministic=True), signature, (inputs, outputs), name="made")


def random_rows(rows: int, width: int, seed: int = 0) -> Array:
    """Normal numbers float32 [rows, width], with a row of zeros and a row of large ones where there is room."""
    features = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    if rows > 2:
        features[1], features[2] = 0, 30
    return features


def _tensor(name: str, values: Array) -> onnx.TensorProto:
    return numpy_helper.from_array(values.astype(np.float32), name)


def _model(nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], signature: Signature) -> onnx.ModelProto:
    inputs = [helper.make_tensor_value_info(s.name, TensorProto.FLOAT, s.shape) for s in signature.inputs]
    outputs = [helper.make_tensor_value_info(s.name, TensorProto.FLOAT, s.shape) for s in signature.outputs]
    graph = helper.make_graph(nodes, "made", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
