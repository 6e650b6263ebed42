"""Matrix products, and the normalisation by numbers known now."""

from __future__ import annotations

import numpy as np

from bartik.compiler.operators.arithmetic import number
from bartik.compiler.operators.builder import Builder, Constant, Tensor, Value
from bartik.compiler.operators.conv import scale_channels
from bartik.compiler.operators.matmul import inner_dense, matmul
from bartik.compiler.operators.shape import transpose
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
    if b.free and (transA or not isinstance(x, Tensor)):
        raise b.refuse("attribute transA=1 or a first input of constants is not compiled: rows do not mix")
    x = transpose(b, x, [1, 0]) if transA else x
    b.check_types(x, weight, *([] if bias is None else [bias]))
    if isinstance(x, Tensor) and isinstance(weight, Constant) and _is_row(bias):
        matrix = _matrix(b, weight)
        matrix = (matrix.T if transB else matrix) * (np.float32(alpha) if alpha != 1 else 1)
        return inner_dense(b, x, matrix, _bias(b, bias, matrix.shape[1]) * np.float32(beta))
    product = matmul(b, x, transpose(b, weight, [1, 0]) if transB else weight)
    scaled = product if alpha == 1 else b.binary("mul", product, number(alpha))
    if bias is None:
        return scaled
    return b.binary("add", scaled, bias if beta == 1 else b.binary("mul", bias, number(beta)))


@operator("MatMul")
def _matmul(b: Builder, x: Value, weight: Value) -> Value:
    return matmul(b, x, weight)


@operator("BatchNormalization")
def _batch_normalization(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, scale: Value, bias: Value, mean: Value, variance: Value, *,
    epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,
) -> Value:  # fmt: skip
    if training_mode or b.node.results > 1:
        raise b.refuse("training mode is not compiled")
    del momentum  # of training
    rows = b.tensor(x)
    spread = b.unary("sqrt", b.binary("add", variance, Constant(np.array(epsilon, np.float32))))
    factor = b.binary("div", scale, spread)
    term = b.binary("sub", bias, b.binary("mul", mean, factor))
    channels = rows.shape[1] if len(rows.shape) > 1 else None
    if len(rows.shape) > 2 and isinstance(factor, Constant) and isinstance(term, Constant):
        if factor.array.size != channels or term.array.size != channels:
            raise b.refuse(f"{factor.array.size} factors do not fit {channels} channels")
        return scale_channels(b, rows, b.floats(factor).reshape(-1), b.floats(term).reshape(-1))
    column = [_column(b, value, len(rows.shape)) for value in (factor, term)]
    return b.binary("add", b.binary("mul", rows, column[0]), column[1])


def _column(b: Builder, value: Value, rank: int) -> Value:
    """A number for each channel, as it broadcasts against [batch, channels, ...]."""
    shape = (-1, *[1] * max(0, rank - 2))
    if isinstance(value, Constant):
        return Constant(value.array.reshape(shape if rank > 1 else (-1,)))
    return b.reshaped(value, (value.width, *shape[1:]))


def _is_row(bias: Value | None) -> bool:
    """Whether a bias is known, and the same for every row."""
    return bias is None or (isinstance(bias, Constant) and (bias.array.ndim < 2 or bias.array.shape[0] == 1))


def _matrix(b: Builder, weight: Constant) -> Array:
    if weight.array.ndim != 2:
        raise b.refuse(f"weights with {weight.array.ndim} axes are not compiled, 2 are")
    return b.floats(weight)


def _bias(b: Builder, bias: Value | None, outputs: int) -> Array:
    if not isinstance(bias, Constant):
        return np.zeros(outputs, np.float32)
    values = b.floats(bias)
    if values.ndim > 2 or values.shape[-1:] not in ((outputs,), (1,), ()):
        raise b.refuse(f"a bias of shape {list(values.shape)} is not compiled")
    return np.broadcast_to(values.reshape(-1), outputs)
