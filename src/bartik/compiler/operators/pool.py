"""ONNX's pooling: windows, and whole planes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod

import numpy as np

from bartik.compiler.operators.builder import Builder, Value
from bartik.compiler.operators.conv import Planes, paddings, per_axis, planes, three
from bartik.compiler.operators.plane_kernels import GlobalPool
from bartik.compiler.operators.pool_kernel import Pool
from bartik.compiler.operators.table import operator
from bartik.compiler.operators.windows import Window, count_outputs
from bartik.core import Array


@operator("MaxPool")
def _max_pool(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, *, kernel_shape: Sequence[int], auto_pad: str = "NOTSET", ceil_mode: int = 0,
    dilations: Sequence[int] = (), pads: Sequence[int] = (), storage_order: int = 0, strides: Sequence[int] = (),
) -> Value:  # fmt: skip
    if b.node.results > 1:
        raise b.refuse("the places of the largest values, its second result, are not compiled")
    del storage_order  # of the places
    source = planes(b, x)
    return _pool(b, source, "max", _windows(b, source, kernel_shape, auto_pad, ceil_mode, dilations, pads, strides))


@operator("AveragePool")
def _average_pool(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, *, kernel_shape: Sequence[int], auto_pad: str = "NOTSET", ceil_mode: int = 0, count_include_pad: int = 0,
    dilations: Sequence[int] = (), pads: Sequence[int] = (), strides: Sequence[int] = (),
) -> Value:  # fmt: skip
    source = planes(b, x)
    windows = _windows(b, source, kernel_shape, auto_pad, ceil_mode, dilations, pads, strides)
    return _pool(b, source, "mean", windows, with_padding=bool(count_include_pad))


@operator("LpPool")
def _lp_pool(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, *, kernel_shape: Sequence[int], auto_pad: str = "NOTSET", ceil_mode: int = 0,
    dilations: Sequence[int] = (), p: int = 2, pads: Sequence[int] = (), strides: Sequence[int] = (),
) -> Value:  # fmt: skip
    if p not in (1, 2):
        raise b.refuse(f"attribute p={p} is not compiled, 1 and 2 are")
    source = planes(b, x if p == 2 else b.unary("abs", x))
    windows = _windows(b, source, kernel_shape, auto_pad, ceil_mode, dilations, pads, strides)
    result = _pool(b, source, "squares" if p == 2 else "sum", windows)
    return b.unary("sqrt", result) if p == 2 else result


@operator("GlobalMaxPool")
def _global_max_pool(b: Builder, x: Value) -> Value:
    return _global(b, x, "max")


@operator("GlobalAveragePool")
def _global_average_pool(b: Builder, x: Value) -> Value:
    return _global(b, x, "mean")


@operator("GlobalLpPool")
def _global_lp_pool(b: Builder, x: Value, *, p: int = 2) -> Value:
    if p != 2:
        raise b.refuse(f"attribute p={p} is not compiled, 2 is")
    return b.unary("sqrt", _global(b, x, "squares"))


def _global(b: Builder, x: Value, kind: str) -> Value:
    source = planes(b, x)
    kernel = GlobalPool(source.images * source.channels, prod(source.sizes), kind)
    return b.kernel(kernel, [source.value], source.shape(source.channels, [1] * len(source.sizes)))


def _windows(
    b: Builder, source: Planes, taps: Sequence[int], auto_pad: str, ceil_mode: int,
    dilations: Sequence[int], pads: Sequence[int], strides: Sequence[int],
) -> list[Window]:  # fmt: skip
    axes = len(source.sizes)
    shape = per_axis(b, "kernel_shape", taps, axes)
    steps, gaps = per_axis(b, "strides", strides, axes), per_axis(b, "dilations", dilations, axes)
    if auto_pad.startswith("SAME") and max(gaps) > 1:
        raise b.refuse(f"attribute auto_pad={auto_pad} with dilations is not compiled: ONNX's own implementations disagree")
    padded = paddings(b, auto_pad, pads, source.sizes, shape, steps, gaps)
    up = bool(ceil_mode) and auto_pad == "NOTSET"
    return [
        Window(n, k, s, d, *p, count_outputs(n, k, s, d, p, up=up))
        for n, k, s, d, p in zip(source.sizes, shape, steps, gaps, padded, strict=True)
    ]


def _pool(b: Builder, source: Planes, kind: str, windows: list[Window], *, with_padding: bool = False) -> Value:
    kernel = Pool(source.images * source.channels, three(b, windows), kind, _counts(windows, with_padding=with_padding))
    return b.kernel(kernel, [source.value], source.shape(source.channels, [w.outputs for w in windows]))


def _counts(windows: Sequence[Window], *, with_padding: bool) -> Array:
    """Values in each window: the product over the axes, laid flat."""
    counts = [w.inside(with_padding=with_padding) for w in windows]
    return np.asarray(reduce(np.multiply.outer, counts), np.float32).reshape(-1)
