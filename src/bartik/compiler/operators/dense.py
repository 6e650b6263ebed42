"""Matrix products with weights known now, and the normalisations that are one."""

from __future__ import annotations

import numpy as np

from bartik.compiler.operators.builder import Builder, Constant, Tensor, Value
from bartik.compiler.operators.table import operator
from bartik.core import Array


@operator("Gemm")
def _gemm(
    b: Builder,
    x: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803 - ONNX's name
    transB: int = 0,  # noqa: N803 - likewise
) -> Value:
    if transA:
        raise b.refuse("attribute transA=1 is not compiled: rows do not mix")
    matrix = _matrix(b, weight)
    matrix = matrix.T if transB else matrix
    if alpha != 1:
        matrix = matrix * np.float32(alpha)
    return _dense(b, x, matrix, _bias(b, bias, matrix.shape[1]) * np.float32(beta))


@operator("MatMul")
def _matmul(b: Builder, x: Value, weight: Value) -> Value:
    matrix = _matrix(b, weight)
    return _dense(b, x, matrix, np.zeros(matrix.shape[1], np.float32))


@operator("BatchNormalization")
def _batch_normalization(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, scale: Value, bias: Value, mean: Value, variance: Value, *,
    epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,
) -> Value:  # fmt: skip
    if training_mode or b.node.results > 1:
        raise b.refuse("training mode is not compiled")
    if len(b.tensor(x).shape) != 2:
        raise b.refuse(f"{len(b.tensor(x).shape)} axes are not compiled, 2 are")
    del momentum  # of training
    spread = b.unary("sqrt", b.binary("add", variance, Constant(np.array(epsilon, np.float32))))
    factor = b.binary("div", scale, spread)
    return b.binary("add", b.binary("mul", x, factor), b.binary("sub", bias, b.binary("mul", mean, factor)))


def _matrix(b: Builder, weight: Value) -> Array:
    if not isinstance(weight, Constant):
        raise b.refuse("a product of two values that depend on the inputs is not compiled")
    if weight.array.ndim != 2:
        raise b.refuse(f"weights with {weight.array.ndim} axes are not compiled, 2 are")
    return b.floats(weight)


def _bias(b: Builder, bias: Value | None, outputs: int) -> Array:
    if bias is None:
        return np.zeros(outputs, np.float32)
    if not isinstance(bias, Constant):
        raise b.refuse("a bias that depends on the inputs is not compiled")
    values = b.floats(bias)
    if values.ndim > 2 or (values.ndim == 2 and values.shape[0] != 1) or values.shape[-1:] not in ((outputs,), (1,), ()):
        raise b.refuse(f"a bias of shape {list(values.shape)} is not compiled")
    return np.broadcast_to(values.reshape(-1), outputs)


def _dense(b: Builder, x: Value, weight: Array, bias: Array) -> Tensor:
    rows = b.tensor(x)
    if rows.dtype != "float32" or rows.row != (weight.shape[0],):
        raise b.refuse(f"rows of shape {list(rows.row)} times weights of shape {list(weight.shape)} are not compiled")
    return b.dense(rows, weight, bias)
