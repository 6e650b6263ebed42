"""What makes values from sizes, repeats them, or puts others around them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bartik.compiler.operators.arithmetic import cast_to, number
from bartik.compiler.operators.builder import MAX_WIDTH, Builder, Constant, Tensor, Value
from bartik.compiler.operators.table import operator
from bartik.core import Array

_PAD_MODES = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}


@operator("ConstantOfShape")
def _constant_of_shape(b: Builder, shape: Value, *, value: Array | None = None) -> Value:
    sizes = b.numbers(shape, "a shape")
    filling = np.zeros(1, np.float32) if value is None else np.asarray(value).reshape(-1)
    if b.free and sizes[:1] == [-1]:
        _check_size(b, sizes[1:])
        return b.constant(np.full(math.prod(sizes[1:]), b.floats(Constant(filling))[0]), sizes[1:], str(filling.dtype))
    _check_size(b, sizes)
    return Constant(np.full(sizes, filling[0]))


def _check_size(b: Builder, sizes: Sequence[int]) -> None:
    if any(size < 0 for size in sizes) or math.prod(sizes) > MAX_WIDTH:
        raise b.refuse(f"shape {list(sizes)} is not compiled")


@operator("Range")
def _range(b: Builder, start: Value, limit: Value, delta: Value) -> Value:
    ends = [v.array for v in (start, limit, delta) if isinstance(v, Constant) and not v.sizes and v.array.size == 1]
    if len(ends) != 3:
        raise b.refuse("ends not known before it runs are not compiled")
    first, last, step = (float(end.reshape(())) for end in ends)
    if not step or not math.isfinite(first + last + step) or (last - first) / step > MAX_WIDTH:
        raise b.refuse(f"from {first:g} to {last:g} by {step:g} is not compiled")
    return Constant(np.arange(first, last, step).astype(ends[0].dtype))


@operator("Size")
def _size(b: Builder, x: Value) -> Value:
    if isinstance(x, Tensor) and b.free:
        raise b.refuse("the size of the batch is not compiled")
    return Constant(np.array(x.width if isinstance(x, Tensor) else x.array.size, np.int64))


@operator("EyeLike")
def _eye_like(b: Builder, x: Value, *, dtype: int | None = None, k: int = 0) -> Value:
    sizes = x.shape if isinstance(x, Tensor) else x.array.shape
    if len(sizes) != 2 or None in sizes:
        raise b.refuse(f"{len(sizes)} axes with the batch among them are not compiled")
    kind = (x.dtype if isinstance(x, Tensor) else str(x.array.dtype)) if dtype is None else cast_to(b, dtype)
    height, width = (int(size or 0) for size in sizes)
    return Constant(np.eye(height, width, k).astype(kind))


@operator("Trilu")
def _trilu(b: Builder, x: Value, k: Value | None = None, *, upper: int = 1) -> Value:
    rows = b.tensor(x)
    if len(rows.row) < 2 or rows.batch in (len(rows.shape) - 1, len(rows.shape) - 2):
        raise b.refuse("a matrix with the batch as an axis is not compiled")
    mask = np.ones(rows.row[-2:], np.bool_)
    first = 0 if k is None else b.numbers(k, "a diagonal")[0]
    kept = np.triu(mask, first) if upper else np.tril(mask, first)
    return b.broadcast("select", [Constant(kept), rows, number(0)])


@operator("Tile")
def _tile(b: Builder, x: Value, repeats: Value) -> Value:
    counts = b.numbers(repeats, "repeats")
    rows = b.tensor(x)
    if len(counts) != len(rows.shape) or (b.free and counts[rows.batch] != 1):
        raise b.refuse(f"repeats {counts} are not compiled: rows do not mix")
    row = [count for axis, count in enumerate(counts) if axis != rows.batch]
    if min(row, default=1) < 0 or math.prod(row) * rows.width > MAX_WIDTH:
        raise b.refuse(f"repeats {counts} are not compiled")
    places = np.tile(np.arange(rows.width).reshape(rows.row), row)
    return b.with_batch(b.pick(rows, places, places.shape), rows.batch)


@operator("Pad")
def _pad(b: Builder, x: Value, pads: Value, value: Value | None = None, axes: Value | None = None, *, mode: str = "constant") -> Value:
    """Values around the axes of a row; negative ones cut."""
    rows, given = b.tensor(x), b.numbers(pads, "pads")
    along = list(range(len(rows.shape))) if axes is None else b.numbers(axes, "axes")
    if len(given) != 2 * len(along):
        raise b.refuse(f"{len(given)} pads for {len(along)} axes are not compiled")
    widths = [[0, 0] for _ in rows.row]
    for place, axis in enumerate(along):
        ends = [given[place], given[place + len(along)]]
        if any(ends):
            widths[b.row_axis(rows, axis)] = ends
    if any(abs(end) > MAX_WIDTH for ends in widths for end in ends):
        raise b.refuse(f"pads {given} are not compiled")
    cut = tuple(slice(max(0, -low), size - max(0, -high)) for size, (low, high) in zip(rows.row, widths, strict=True))
    around = [(max(0, low), max(0, high)) for low, high in widths]
    places = np.arange(rows.width).reshape(rows.row)[cut]
    if math.prod(size + sum(ends) for size, ends in zip(places.shape, around, strict=True)) > MAX_WIDTH:
        raise b.refuse(f"pads {given} are not compiled")
    if mode in _PAD_MODES:
        found = np.pad(places, around, mode=_PAD_MODES[mode])  # type: ignore[call-overload]
        return b.with_batch(b.pick(rows, found, found.shape), rows.batch)
    if mode != "constant":
        raise b.refuse(f"attribute mode={mode[:40]!r} is not compiled")
    filling = 0.0 if value is None else b.scalar(value, "a value")
    found = np.pad(places, around, constant_values=rows.width)
    if not any(low or high for low, high in around):
        return b.with_batch(b.pick(rows, found, found.shape), rows.batch)
    whole = b.concat([rows, b.constant(np.array([filling], np.float64), (1,))], (rows.width + 1,), rows.dtype)
    return b.with_batch(b.pick(whole, found, found.shape), rows.batch)


@operator("OneHot")
def _one_hot(b: Builder, index: Value, depth: Value, values: Value, *, axis: int = -1) -> Value:
    rows = b.tensor(index)
    count = int(b.numbers(Constant(depth.array.astype(np.int64)), "a depth")[0]) if isinstance(depth, Constant) else 0
    if not 1 <= count <= MAX_WIDTH or not isinstance(values, Constant) or values.array.size != 2:
        raise b.refuse("a depth or values not known before it runs are not compiled")
    rank = len(rows.shape) + 1
    place = axis % rank
    if b.free and place <= rows.batch:
        raise b.refuse(f"attribute axis={axis} is not compiled: the batch stays first")
    spread = b.reshaped(rows, (*rows.shape[:place], 1, *rows.shape[place:]))
    steps = np.arange(count, dtype=np.float32).reshape(-1, *[1] * (rank - place - 1))
    wrapped = b.broadcast("select", [b.binary("less", spread, number(0)), b.binary("add", spread, number(count)), spread])
    off, on = (Constant(values.array.reshape(-1)[k : k + 1].reshape(())) for k in (0, 1))
    return b.broadcast("select", [b.binary("equal", wrapped, Constant(steps)), on, off])


@operator("DepthToSpace")
def _depth_to_space(b: Builder, x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    rows = b.tensor(x)
    images, channels, height, width = _image(b, rows)
    if blocksize < 1 or channels % blocksize**2 or mode not in ("DCR", "CRD"):
        raise b.refuse(f"blocks of {blocksize} in {channels} channels, mode {mode[:20]!r}, are not compiled")
    kept, s = channels // blocksize**2, blocksize
    places = np.arange(rows.width)
    if mode == "DCR":
        moved = places.reshape(images, s, s, kept, height, width).transpose(0, 3, 4, 1, 5, 2)
    else:
        moved = places.reshape(images, kept, s, s, height, width).transpose(0, 1, 4, 2, 5, 3)
    return b.pick(rows, moved, (rows.shape[0], kept, height * s, width * s))


@operator("SpaceToDepth")
def _space_to_depth(b: Builder, x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    rows, s = b.tensor(x), blocksize
    images, channels, height, width = _image(b, rows)
    if s < 1 or height % s or width % s or mode not in ("DCR", "CRD"):
        raise b.refuse(f"blocks of {s} in {height} by {width}, mode {mode[:20]!r}, are not compiled")
    order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
    moved = np.arange(rows.width).reshape(images, channels, height // s, s, width // s, s).transpose(order)
    return b.pick(rows, moved, (rows.shape[0], channels * s * s, height // s, width // s))


def _image(b: Builder, x: Tensor) -> tuple[int, int, int, int]:
    if len(x.shape) != 4 or None in x.shape[1:]:
        raise b.refuse(f"{len(x.shape)} axes are not compiled, [images, channels, height, width] are")
    images, channels, height, width = (1 if axis is None else axis for axis in x.shape)
    return images, channels, height, width
