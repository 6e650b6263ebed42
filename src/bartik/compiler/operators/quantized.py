"""Numbers of 8 bits and back: what ``bartik quantize`` writes around the products of a model."""

from __future__ import annotations

import numpy as np

from bartik.compiler.operators.arithmetic import bounded, cast_to
from bartik.compiler.operators.builder import Builder, Constant, Tensor, Value
from bartik.compiler.operators.table import operator
from bartik.core import Array

_RANGES = {"uint8": (0, 255), "int8": (-128, 127)}


@operator("QuantizeLinear")
def _quantize(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, scale: Value, zero: Value | None = None, *,
    axis: int = 1, block_size: int = 0, output_dtype: int = 0, precision: int = 0, saturate: int = 1,
) -> Value:  # fmt: skip
    """``round(x / scale) + zero``, halves to the even number, kept within the type."""
    del saturate, precision  # of 8-bit floats; of float16
    if block_size:
        raise b.refuse("blocks are not compiled")
    dtype = str(zero.array.dtype) if isinstance(zero, Constant) else cast_to(b, output_dtype or 2)
    if dtype not in _RANGES:
        raise b.refuse(f"type {dtype} is not compiled, uint8 and int8 are")
    factor, middle = _factors(b, x, scale, zero, axis)
    rounded = b.unary("round", b.binary("div", x, factor))
    low, high = _RANGES[dtype]
    found = bounded(b, "at_least", low, bounded(b, "at_most", high, b.binary("add", rounded, middle)))
    if isinstance(found, Constant):
        return Constant(found.array.astype(dtype))
    return b.reshaped(found, found.shape, dtype)


@operator("DequantizeLinear")
def _dequantize(
    b: Builder, x: Value, scale: Value, zero: Value | None = None, *, axis: int = 1, block_size: int = 0, output_dtype: int = 0
) -> Value:
    """``(x - zero) * scale``."""
    if block_size or output_dtype not in (0, 1):
        raise b.refuse("blocks, or another type than float32, are not compiled")
    factor, middle = _factors(b, x, scale, zero, axis)
    if isinstance(x, Constant):
        return Constant((x.array.astype(np.float32) - b.floats(middle)) * b.floats(factor))
    return b.binary("mul", b.binary("sub", b.reshaped(x, x.shape, "float32"), middle), factor)


def _factors(b: Builder, x: Value, scale: Value, zero: Value | None, axis: int) -> tuple[Constant, Constant]:
    """Scale and zero as they broadcast against ``x``: numbers, or one for each place along an axis."""
    if not isinstance(scale, Constant) or isinstance(zero, Tensor):
        raise b.refuse("a scale or zero not known before it runs is not compiled")
    rank = len(x.shape) if isinstance(x, Tensor) else x.array.ndim
    factors: list[Array] = [b.floats(scale), np.zeros_like(b.floats(scale)) if zero is None else zero.array.astype(np.float32)]
    if scale.array.ndim == 1 and scale.array.size > 1:
        factors = [values.reshape(-1, *[1] * (rank - axis % rank - 1)) for values in factors]
    elif scale.array.size == 1:
        factors = [values.reshape(()) for values in factors]
    else:
        raise b.refuse(f"scales of shape {list(scale.array.shape)} are not compiled")
    return Constant(factors[0]), Constant(factors[1])
