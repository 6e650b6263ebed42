"""ONNX's convolutions, and the normalisations of their channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from bartik.compiler.operators.builder import FLOATS, Builder, Constant, Tensor, Value
from bartik.compiler.operators.conv_kernel import Conv
from bartik.compiler.operators.conv_transpose_kernel import ConvTranspose
from bartik.compiler.operators.plane_kernels import InstanceNorm
from bartik.compiler.operators.table import operator
from bartik.compiler.operators.windows import AXES, Window, count_outputs, pad_same, simplified
from bartik.core import Array

AUTO_PADS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")


@dataclass(frozen=True)
class Planes:
    """A value as images of channels of planes; ``images`` counts those in one row."""

    value: Tensor
    images: int
    channels: int
    sizes: tuple[int, ...]

    def shape(self, channels: int, sizes: Sequence[int]) -> tuple[int | None, ...]:
        """The shape of a result with other channels and sizes."""
        return (self.value.shape[0], channels, *sizes)


def planes(b: Builder, x: Value) -> Planes:
    """``x`` [images, channels, axes...] with one to three axes."""
    value = b.tensor(x)
    axes = len(value.shape) - 2
    if value.dtype not in FLOATS:
        raise b.refuse(f"type {value.dtype} is not compiled, {' and '.join(FLOATS)} are")
    if axes < 1:
        raise b.refuse(f"a value of shape {list(value.shape)} has no axes to slide along")
    row = value.row
    images, row = (1, row) if value.shape[0] is None else (row[0], row[1:])
    return Planes(value, images, row[0], tuple(row[1:]))


def per_axis(b: Builder, name: str, values: Sequence[int], axes: int, default: int = 1) -> list[int]:
    """An attribute with a value for each axis; positive unless the default is 0."""
    found = [int(v) for v in values] or [default] * axes
    if len(found) != axes:
        raise b.refuse(f"attribute {name} has {len(found)} values for {axes} axes")
    if min(found) < min(default, 1):
        raise b.refuse(f"attribute {name}={found} is not compiled")
    return found


def paddings(
    b: Builder,
    auto_pad: str,
    pads: Sequence[int],
    sizes: Sequence[int],
    taps: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> list[tuple[int, int]]:
    """Padding before and after on each axis, by the attributes ``auto_pad`` and ``pads``."""
    if auto_pad not in AUTO_PADS:
        raise b.refuse(f"attribute auto_pad={auto_pad!r} is not compiled")
    if auto_pad.startswith("SAME"):
        lower = auto_pad == "SAME_LOWER"
        return [pad_same(*axis, lower=lower) for axis in zip(sizes, taps, strides, dilations, strict=True)]
    if auto_pad == "VALID":
        return [(0, 0)] * len(sizes)
    found = per_axis(b, "pads", pads, 2 * len(sizes), 0)
    return list(zip(found[: len(sizes)], found[len(sizes) :], strict=True))


def three(b: Builder, windows: Sequence[Window]) -> tuple[Window, ...]:
    """Windows as the kernels take them; refused where an output has no window."""
    for window in windows:
        if window.outputs < 1:
            raise b.refuse(f"a window of {window.taps} taps is wider than the {window.size} values and their padding")
    found = simplified(windows)
    if len(found) > AXES:
        raise b.refuse(f"windows along {len(found)} axes are not compiled, {AXES} are")
    return found


@operator("Conv")
def _conv(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, weight: Value, bias: Value | None = None, *,
    auto_pad: str = "NOTSET", dilations: Sequence[int] = (), group: int = 1, kernel_shape: Sequence[int] = (),
    pads: Sequence[int] = (), strides: Sequence[int] = (),
) -> Value:  # fmt: skip
    source, taps = planes(b, x), _weights(b, weight, planes(b, x), kernel_shape)
    axes, sizes, shape = len(source.sizes), source.sizes, taps.shape[2:]
    steps, gaps = per_axis(b, "strides", strides, axes), per_axis(b, "dilations", dilations, axes)
    _check_groups(b, group, source.channels, taps.shape[1] * group, taps.shape[0])
    padded = paddings(b, auto_pad, pads, sizes, shape, steps, gaps)
    windows = [
        Window(n, k, s, d, *p, count_outputs(n, k, s, d, p)) for n, k, s, d, p in zip(sizes, shape, steps, gaps, padded, strict=True)
    ]
    flat = taps.reshape(*taps.shape[:2], -1)
    kernel = Conv(source.images, source.channels, group, three(b, windows), flat, _bias(b, bias, len(taps)))
    return b.kernel(kernel, [source.value], source.shape(len(taps), [w.outputs for w in windows]))


@operator("ConvTranspose")
def _conv_transpose(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, weight: Value, bias: Value | None = None, *,
    auto_pad: str = "NOTSET", dilations: Sequence[int] = (), group: int = 1, kernel_shape: Sequence[int] = (),
    output_padding: Sequence[int] = (), output_shape: Sequence[int] = (), pads: Sequence[int] = (), strides: Sequence[int] = (),
) -> Value:  # fmt: skip
    source, taps = planes(b, x), _weights(b, weight, planes(b, x), kernel_shape)
    axes, shape = len(source.sizes), taps.shape[2:]
    steps, gaps = per_axis(b, "strides", strides, axes), per_axis(b, "dilations", dilations, axes)
    extra = per_axis(b, "output_padding", output_padding, axes, 0)
    _check_groups(b, group, source.channels, taps.shape[0], taps.shape[1] * group)
    full = [s * (n - 1) + e + (k - 1) * d + 1 for n, k, s, d, e in zip(source.sizes, shape, steps, gaps, extra, strict=True)]
    if output_shape or auto_pad.startswith("SAME"):
        wanted = [int(n) for n in output_shape[-axes:]] or [n * s for n, s in zip(source.sizes, steps, strict=True)]
        padded = _paddings_for(b, full, wanted, auto_pad)
    else:
        padded = paddings(b, auto_pad, pads, source.sizes, shape, steps, gaps)
        wanted = [f - sum(p) for f, p in zip(full, padded, strict=True)]
    sliding = zip(source.sizes, shape, steps, gaps, padded, wanted, strict=True)
    windows = [Window(n, k, s, d, p[0], p[1], out) for n, k, s, d, p, out in sliding]
    kernel = _transposed(b, source, group, windows, taps.reshape(*taps.shape[:2], -1), _bias(b, bias, taps.shape[1] * group))
    return b.kernel(kernel, [source.value], source.shape(taps.shape[1] * group, [w.outputs for w in windows]))


def _transposed(b: Builder, source: Planes, groups: int, windows: list[Window], weight: Array, bias: Array) -> Conv | ConvTranspose:
    """Without strides it is a convolution with the taps in reverse order."""
    if any(w.outputs < 1 for w in windows):
        raise b.refuse("there is no output left between the padding")
    if any(w.stride > 1 for w in windows):
        if len(windows) > AXES:
            raise b.refuse(f"windows along {len(windows)} axes are not compiled, {AXES} are")
        filled = (*(Window(1),) * (AXES - len(windows)), *windows)
        return ConvTranspose(source.images, source.channels, groups, filled, weight, bias)
    turned = [replace(w, before=(w.taps - 1) * w.dilation - w.before, after=0) for w in windows]
    grouped = weight.reshape(groups, -1, *weight.shape[1:])[..., ::-1].swapaxes(1, 2)
    return Conv(
        source.images,
        source.channels,
        groups,
        three(b, turned),
        np.ascontiguousarray(grouped.reshape(len(bias), -1, weight.shape[2])),
        bias,
    )


def _paddings_for(b: Builder, full: Sequence[int], wanted: Sequence[int], auto_pad: str) -> list[tuple[int, int]]:
    """Padding that cuts outputs of size ``full`` to ``wanted``; the odd one before, but for SAME_UPPER."""
    total = [f - w for f, w in zip(full, wanted, strict=True)]
    if min(total) < 0:
        raise b.refuse(f"outputs of size {list(wanted)} where {list(full)} are made are not compiled: ONNX's own implementations disagree")
    return [(n // 2, n - n // 2) if auto_pad == "SAME_UPPER" else (n - n // 2, n // 2) for n in total]


@operator("InstanceNormalization")
def _instance_normalization(b: Builder, x: Value, scale: Value, bias: Value, *, epsilon: float = 1e-5) -> Value:
    source = planes(b, x)
    factor, term = _per_channel(b, scale, source.channels), _per_channel(b, bias, source.channels)
    kernel = InstanceNorm(source.images, prod(source.sizes), factor, term, epsilon)
    return b.kernel(kernel, [source.value], source.value.shape)


def scale_channels(b: Builder, x: Value, factor: Array, term: Array) -> Value:
    """``x * factor + term`` with a number for each channel: in the weights of a convolution that ``x`` comes from, if it does."""
    source = planes(b, x)
    made = b.kernel_of(source.value)
    if isinstance(made, Conv) and not made.activation and _stays_finite(made, factor, term):
        scaled = replace(made, weight=made.weight * factor[:, None, None], bias=made.bias * factor + term)
        return b.kernel(scaled, b.arguments_of(source.value), source.value.shape)
    size = prod(source.sizes)
    kernel = Conv(
        source.images, source.channels, source.channels, (Window(1), Window(1), Window(size, outputs=size)), factor.reshape(-1, 1, 1), term
    )
    return b.kernel(kernel, [source.value], source.value.shape)


def _stays_finite(kernel: Conv, factor: Array, term: Array) -> bool:
    """Whether products neither overflow nor vanish, which would hide an infinity of the sum."""
    with np.errstate(all="ignore"):
        weight, bias = kernel.weight * factor[:, None, None], kernel.bias * factor + term
    kept = bool(((weight != 0) == (kernel.weight != 0)).all())
    return kept and bool(np.isfinite(weight).all() and np.isfinite(bias).all())


def _weights(b: Builder, weight: Value, source: Planes, kernel_shape: Sequence[int]) -> Array:
    if not isinstance(weight, Constant):
        raise b.refuse("weights that depend on the inputs are not compiled")
    values = b.floats(weight)
    if values.ndim != len(source.sizes) + 2 or (kernel_shape and tuple(kernel_shape) != values.shape[2:]):
        raise b.refuse(f"weights of shape {list(values.shape)} do not fit an input of shape {list(source.value.shape)}")
    return values


def _bias(b: Builder, bias: Value | None, outputs: int) -> Array:
    return np.zeros(outputs, np.float32) if bias is None else _per_channel(b, bias, outputs)


def _per_channel(b: Builder, values: Value, channels: int) -> Array:
    if not isinstance(values, Constant):
        raise b.refuse("a bias or scale that depends on the inputs is not compiled")
    found = b.floats(values)
    if found.shape != (channels,):
        raise b.refuse(f"a bias or scale of shape {list(found.shape)} does not fit {channels} channels")
    return found


def _check_groups(b: Builder, groups: int, channels: int, wanted: int, outputs: int) -> None:
    if groups < 1 or channels != wanted or channels % groups or outputs % groups:
        raise b.refuse(f"{channels} channels in {groups} groups do not fit the weights")
