"""Writing an ONNX graph by hand, one operator a line."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from bartik.core import Array, Signature, TensorSpec

OPSET, ML_OPSET, IR_VERSION = 20, 3, 10
"""Versions of the operators we write; 3 is the last of ``ai.onnx.ml`` before its tree ensembles were replaced."""


class GraphBuilder:
    """Collects operators and constants; a value is known by its name."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._tensors: list[onnx.TensorProto] = []

    def constant(self, values: Any, dtype: str = "float32") -> str:
        """Name of a constant; equal constants are one. What ``dtype`` cannot hold is an infinity, which no comparison passes."""
        with np.errstate(over="ignore"):
            array = np.asarray(values, dtype)
        key = (dtype, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = f"constant_{len(self._tensors)}"
            self._tensors.append(numpy_helper.from_array(array, self._constants[key]))
        return self._constants[key]

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Name of the one output of a new operator."""
        output = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], name=f"node_{output}", domain=domain, **attributes))
        return output

    def cast(self, value: str, dtype: str) -> str:
        """``value`` in another ``dtype``."""
        return self.op("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def model(self, signature: Signature, outputs: dict[str, str]) -> onnx.ModelProto:
        """The graph whose outputs, by the names of ``signature``, are the values ``outputs``."""
        ends = [helper.make_node("Identity", [value], [name], name=f"node_{name}") for name, value in outputs.items()]
        domains = {node.domain for node in self._nodes}
        graph = helper.make_graph(
            [*self._nodes, *ends], "bartik", _infos(signature.inputs), _infos(signature.outputs), initializer=self._tensors
        )
        opsets = [helper.make_opsetid("", OPSET)]
        if "ai.onnx.ml" in domains:
            opsets.append(helper.make_opsetid("ai.onnx.ml", ML_OPSET))
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="bartik")


def affine(graph: GraphBuilder, value: str, weights: Array, bias: Array, dtype: str) -> str:
    """``value`` [batch, n] times ``weights`` [m, n], plus ``bias`` [m]."""
    return graph.op("Gemm", value, graph.constant(weights, dtype), graph.constant(bias, dtype), transB=1)


def _infos(specs: tuple[TensorSpec, ...]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(s.name, helper.np_dtype_to_tensor_dtype(np.dtype(s.dtype)), s.shape) for s in specs]
