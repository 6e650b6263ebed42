"""Products of matrices that are part of a row: dense layers for each of its inner rows, and products of two values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bartik.compiler.operators.builder import FLOATS, Builder, Constant, Shape, Tensor, Value
from bartik.compiler.products import InnerDense, Product
from bartik.core import Array


def inner_dense(b: Builder, x: Tensor, weight: Array, bias: Array) -> Tensor:
    """``x @ weight + bias`` along the last axis; ``weight`` [inputs, outputs]."""
    if x.shape[-1] != weight.shape[0] or x.dtype not in FLOATS:
        raise b.refuse(f"rows of shape {list(x.row)} times weights of shape {list(weight.shape)} are not compiled")
    if len(x.row) == 1 or x.row[:-1] == (1,) * (len(x.row) - 1):
        made = b.dense(x, weight, bias)
        return b.reshaped(made, (*x.shape[:-1], weight.shape[1]))
    shape: Shape = (*x.shape[:-1], weight.shape[1])
    return b.kernel(InnerDense(x.width // weight.shape[0], _finite(b, weight), _finite(b, bias)), [x], shape)


def matmul(b: Builder, x: Value, y: Value) -> Value:
    """ONNX's MatMul where at least one side depends on the inputs."""
    if isinstance(x, Constant) and isinstance(y, Constant):
        return Constant(np.matmul(b.floats(x), b.floats(y)))
    b.check_types(x, y)
    if isinstance(y, Constant) and isinstance(x, Tensor):
        return _with_weights(b, x, b.floats(y))
    if isinstance(x, Constant) and isinstance(y, Tensor):
        return _turned(b, _with_weights(b, _turned(b, y), np.swapaxes(_matrix(b, b.floats(x)), -1, -2)))
    return _product(b, b.tensor(x), b.tensor(y))


def _with_weights(b: Builder, x: Tensor, weight: Array) -> Tensor:
    if weight.ndim == 1:
        made = inner_dense(b, x, weight[:, None], np.zeros(1, np.float32))
        return Tensor(made.name, made.shape[:-1], made.dtype)
    if weight.ndim == 2:
        return inner_dense(b, x, weight, np.zeros(weight.shape[1], np.float32))
    return _by_parts(b, x, weight)


def _by_parts(b: Builder, x: Tensor, weight: Array) -> Tensor:
    """Weights of several matrices: a product for each."""
    if len(x.row) < 2 or (b.free and weight.ndim > len(x.row) and weight.shape[0] != 1):
        raise b.refuse(f"weights of shape {list(weight.shape)} are not compiled")
    weight = weight[0] if b.free and weight.ndim > len(x.row) else weight
    outer = np.broadcast_shapes(x.row[:-2], weight.shape[:-2])
    count, (n, k), m = math.prod(outer), x.row[-2:], weight.shape[-1]
    source = b.pick(x, _stretched(x.row, outer), (*outer, n, k))
    matrices = np.broadcast_to(weight, (*outer, *weight.shape[-2:])).reshape(count, *weight.shape[-2:])
    zeros = np.zeros(m, np.float32)
    parts = [inner_dense(b, b.pick(source, np.arange(p * n * k, (p + 1) * n * k), (n, k)), w, zeros) for p, w in enumerate(matrices)]
    return b.concat(parts, (*outer, n, m), x.dtype) if count > 1 else b.reshaped(parts[0], (*outer, n, m))


def _product(b: Builder, x: Tensor, y: Tensor) -> Tensor:
    """Two values of the same rows; axes before the last two broadcast."""
    if x.batch * b.free or y.batch * b.free or x.dtype != y.dtype or x.dtype not in FLOATS:
        raise b.refuse(f"the product of rows of shape {list(x.row)} and {list(y.row)} is not compiled")
    if not b.free and 1 in (len(x.row), len(y.row)):
        return _with_vector(b, x, y)
    if len(x.row) < 2 or len(y.row) < 2:
        raise b.refuse(f"the product of rows of shape {list(x.row)} and {list(y.row)} is not compiled: rows do not mix")
    if x.row[-1] != y.row[-2]:
        raise b.refuse(f"rows of shape {list(x.row)} and {list(y.row)} do not fit")
    try:
        outer = np.broadcast_shapes(x.row[:-2], y.row[:-2])
    except ValueError as error:
        raise b.refuse(f"rows of shape {list(x.row)} and {list(y.row)} do not broadcast") from error
    sides = [b.pick(side, _stretched(side.row, outer), (*outer, *side.row[-2:])) for side in (x, y)]
    kernel = Product(math.prod(outer), x.row[-2], x.row[-1], y.row[-1])
    return b.kernel(kernel, sides, (*outer, x.row[-2], y.row[-1]))


def _with_vector(b: Builder, x: Tensor, y: Tensor) -> Tensor:
    """A vector counts as a matrix of one row on the left, of one column on the right, and is gone from the result."""
    left = b.reshaped(x, (1, *x.row)) if len(x.row) == 1 else x
    right = b.reshaped(y, (*y.row, 1)) if len(y.row) == 1 else y
    found = _product(b, left, right)
    rows, columns = found.row[-2:]
    kept = ([] if len(x.row) == 1 else [rows]) + ([] if len(y.row) == 1 else [columns])
    return b.reshaped(found, (*found.row[:-2], *kept))


def _stretched(row: Sequence[int], outer: tuple[int, ...]) -> Array:
    return np.broadcast_to(np.arange(math.prod(row)).reshape(row), (*outer, *row[-2:]))


def _turned(b: Builder, x: Tensor) -> Tensor:
    """The last two axes exchanged."""
    if x.batch * b.free or len(x.row) < 2:
        raise b.refuse("a matrix of constants times rows of one axis is not compiled: rows do not mix")
    return b.pick(x, np.arange(x.width).reshape(x.row).swapaxes(-1, -2), (*x.row[:-2], x.row[-1], x.row[-2]))


def _matrix(b: Builder, weight: Array) -> Array:
    if weight.ndim < 2:
        raise b.refuse("a vector of constants times rows is not compiled")
    return weight


def _finite(b: Builder, values: Array) -> Array:
    if np.isnan(values).any():
        raise b.refuse("a constant is NaN")
    return np.ascontiguousarray(values)
