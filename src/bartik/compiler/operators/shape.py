"""What moves values without computing: axes, slices, joins, and arithmetic on sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from bartik.compiler.operators.builder import MAX_WIDTH, Builder, Constant, Tensor, Value, type_of
from bartik.compiler.operators.indexing import gather
from bartik.compiler.operators.table import operator
from bartik.core import Array


@operator("Constant")
def _constant(
    b: Builder, *, value: Array | None = None, value_float: float | None = None, value_floats: Sequence[float] | None = None,
    value_int: int | None = None, value_ints: Sequence[int] | None = None,
) -> Value:  # fmt: skip
    for given, dtype in (
        (value, None),
        (value_float, np.float32),
        (value_floats, np.float32),
        (value_int, np.int64),
        (value_ints, np.int64),
    ):
        if given is not None:
            return Constant(np.array(given, dtype))
    raise b.refuse("a constant without a value is not compiled")


@operator("Shape")
def _shape(b: Builder, x: Value, *, start: int = 0, end: int | None = None) -> Value:
    """Sizes; the batch is -1, which is also what Reshape and Expand take for it."""
    sizes = [-1 if axis is None else axis for axis in x.shape] if isinstance(x, Tensor) else list(x.array.shape)
    del b
    found = sizes[start:end]
    return Constant(np.array(found, np.int64), sizes=-1 in found)


@operator("Reshape")
def _reshape(b: Builder, x: Value, target: Value, *, allowzero: int = 0) -> Value:
    sizes = b.numbers(target, "a shape")
    if isinstance(x, Constant):
        return _known(b, x, lambda a: a.reshape([a.shape[k] if s == 0 and not allowzero else s for k, s in enumerate(sizes)]))
    if not b.free:
        return b.reshaped(
            x, _sizes(b, x, [_copied(b, x, place, size) if size == 0 and not allowzero else size for place, size in enumerate(sizes)])
        )
    if None in x.shape[1:] and not allowzero:
        return _around_the_batch(b, x, sizes)
    if sizes[:1] not in ([-1], [0]) or (sizes[0] == 0 and allowzero):
        raise b.refuse(f"shape {sizes} is not compiled: the first axis must stay the batch")
    row = [_copied(b, x, place, size) if size == 0 else size for place, size in enumerate(sizes) if place]
    if -1 in row and sizes[0] != 0:
        raise b.refuse(f"shape {sizes} is not compiled: two sizes are not known")
    return b.reshaped(x, _sizes(b, x, row))


def _around_the_batch(b: Builder, x: Tensor, sizes: list[int]) -> Tensor:
    """Axes before the batch become others before it, those behind it others behind it: torch joins directions of a recurrent layer so."""
    whole = [(-1 if place == x.batch else x.shape[place]) if size == 0 else size for place, size in enumerate(sizes)]
    place = whole.index(-1) if -1 in whole else 0
    before, behind = (math.prod(size or 0 for size in part) for part in (whole[:place], whole[place + 1 :]))
    if (before, behind) != tuple(math.prod(size or 0 for size in part) for part in (x.shape[: x.batch], x.shape[x.batch + 1 :])):
        raise b.refuse(f"shape {sizes} of a value of axes {list(x.shape)} is not compiled: rows do not mix")
    return Tensor(x.name, (*whole[:place], None, *whole[place + 1 :]), x.dtype)


def _sizes(b: Builder, x: Tensor, row: list[int]) -> list[int]:
    """The axes of a row, with the one that is -1 as what is left."""
    found = list(row)
    if -1 in found:
        rest = -math.prod(found)
        found[found.index(-1)] = x.width // rest if rest and x.width % rest == 0 else 0
    if math.prod(found) != x.width or any(size < 0 for size in found):
        raise b.refuse(f"shape {row} for rows of {x.width} values is not compiled: rows do not mix")
    return found


def _copied(b: Builder, x: Tensor, place: int, size: int) -> int:
    found = x.shape[place] if place < len(x.shape) else size
    if found is None:
        raise b.refuse("the batch axis in another place is not compiled")
    return found


@operator("Flatten")
def _flatten(b: Builder, x: Value, *, axis: int = 1) -> Value:
    rows = b.tensor(x)
    if not b.free and -len(rows.shape) <= axis <= len(rows.shape):
        place = axis + len(rows.shape) if axis < 0 else axis
        return b.reshaped(rows, (math.prod(rows.row[:place]), math.prod(rows.row[place:])))
    if axis not in (1, 1 - len(rows.shape)):
        raise b.refuse(f"attribute axis={axis} is not compiled, 1 is")
    return b.reshaped(rows, (rows.width,))


@operator("Squeeze")
def _squeeze(b: Builder, x: Value, axes: Value | None = None) -> Value:
    if axes is None:
        if isinstance(x, Tensor) and b.free:
            raise b.refuse("Squeeze without axes is not compiled: the batch may be one")
        return b.reshaped(x, [size for size in x.row if size != 1]) if isinstance(x, Tensor) else _known(b, x, np.squeeze)
    chosen = b.numbers(axes, "axes")
    if isinstance(x, Constant):
        return _known(b, x, lambda a: np.squeeze(a, tuple(chosen)))
    gone = {b.row_axis(x, axis) for axis in chosen}
    if any(x.row[axis] != 1 for axis in gone):
        raise b.refuse(f"axes {chosen} of shape {list(x.row)} are not of size one")
    return b.reshaped(x, [size for axis, size in enumerate(x.shape) if axis == x.batch or axis - (axis > x.batch) not in gone])


@operator("Unsqueeze")
def _unsqueeze(b: Builder, x: Value, axes: Value) -> Value:
    chosen = b.numbers(axes, "axes")
    if isinstance(x, Constant):
        return _known(b, x, lambda a: np.expand_dims(a, tuple(chosen)))
    rank = len(x.shape) + len(chosen)
    places = {axis % rank for axis in chosen if -rank <= axis < rank}
    if len(places) != len(chosen):
        raise b.refuse(f"axes {chosen} do not fit {rank} axes")
    rest = iter(x.shape)
    return b.reshaped(x, [1 if place in places else next(rest) for place in range(rank)])


@operator("Transpose")
def _transpose(b: Builder, x: Value, *, perm: Sequence[int] | None = None) -> Value:
    return transpose(b, x, perm)


def transpose(b: Builder, x: Value, perm: Sequence[int] | None) -> Value:
    """The axes in another order, the reverse one if nothing is said."""
    if isinstance(x, Constant):
        return _known(b, x, lambda a: np.transpose(a, perm))
    order = list(perm) if perm is not None else list(range(len(x.shape)))[::-1]
    if sorted(order) != list(range(len(x.shape))):
        raise b.refuse(f"attribute perm={order} does not fit {len(x.shape)} axes")
    moved = _moved(b, x, lambda places: places.transpose([axis - (axis > x.batch) for axis in order if axis != x.batch]))
    return b.with_batch(moved, order.index(x.batch)) if b.free else moved


@operator("Slice")
def _slice(b: Builder, x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    first, last = b.numbers(starts, "a start"), b.numbers(ends, "an end")
    along = list(range(len(first))) if axes is None else b.numbers(axes, "axes")
    strides = [1] * len(first) if steps is None else b.numbers(steps, "a step")
    if not len(first) == len(last) == len(along) == len(strides) or 0 in strides:
        raise b.refuse("starts, ends, axes and steps do not fit")
    if isinstance(x, Tensor):
        along = [b.row_axis(x, axis) for axis in along]

    def cut(array: Array) -> Array:
        for start, end, axis, step in zip(first, last, along, strides, strict=True):
            array = np.take(array, _range(array.shape[axis], start, end, step), axis)
        return array

    return b.with_batch(_moved(b, x, cut), x.batch) if isinstance(x, Tensor) else _known(b, x, cut)


def _range(size: int, start: int, end: int, step: int) -> list[int]:
    """ONNX's slice: bounds are clamped, negative ones count from the end; far below zero a negative step runs to the front."""
    start, end = (bound + size if bound < 0 else bound for bound in (start, end))
    if step > 0:
        return list(range(min(max(start, 0), size), min(max(end, 0), size), step))
    return list(range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step))


@operator("Gather")
def _gather(b: Builder, x: Value, index: Value, *, axis: int = 0) -> Value:
    if isinstance(index, Tensor):
        return gather(b, x, index, axis)
    if index.array.dtype.kind != "i" or index.array.size > MAX_WIDTH:
        raise b.refuse(f"{index.array.size} places of type {index.array.dtype} are not compiled")
    if isinstance(x, Constant):
        return _known(b, x, lambda a: np.take(a, index.array, axis))
    place = b.row_axis(x, axis)
    size = x.row[place]
    if index.array.size and not (-size <= index.array.min() and index.array.max() < size):
        raise b.refuse(f"places outside of {size} elements")
    moved = _moved(b, x, lambda places: np.take(places, index.array, place))
    return b.with_batch(moved, x.batch + (index.array.ndim - 1 if place < x.batch else 0))


@operator("GatherND")
def _gather_nd(b: Builder, x: Value, index: Value, *, batch_dims: int = 0) -> Value:
    rows = b.tensor(x)
    if not isinstance(index, Constant) or index.array.dtype.kind != "i" or not 1 <= index.array.size <= MAX_WIDTH:
        raise b.refuse("places not known before it runs are not compiled")
    depth = index.array.shape[-1] if index.array.ndim else 0
    if batch_dims or not 1 <= depth <= rows.batch:
        raise b.refuse("places that choose among the rows of the batch are not compiled")
    moved = _moved(b, rows, lambda places: places[tuple(np.moveaxis(index.array, -1, 0))])
    return b.with_batch(moved, rows.batch - depth + index.array.ndim - 1)


@operator("Split")
def _split(b: Builder, x: Value, sizes: Value | None = None, *, axis: int = 0, num_outputs: int | None = None) -> list[Value]:
    rows = b.tensor(x)
    place = b.row_axis(rows, axis)
    total, count = rows.row[place], num_outputs or b.node.results
    if count != b.node.results:
        raise b.refuse(f"{count} parts for {b.node.results} results are not compiled")
    each = -(-total // count)
    lengths = [min(each, total - k * each) for k in range(count)] if sizes is None else b.numbers(sizes, "sizes")
    if sum(lengths) != total or min(lengths) < 0:
        raise b.refuse(f"parts {lengths} of {total} elements are not compiled")
    edges = np.cumsum([0, *lengths])
    parts = [_moved(b, rows, partial(np.take, indices=range(low, high), axis=place)) for low, high in pairwise(edges)]
    return [b.with_batch(part, rows.batch) for part in parts]


@operator("Concat")
def _concat(b: Builder, *values: Value, axis: int) -> Value:
    constants = [v for v in values if isinstance(v, Constant)]
    if len(constants) == len(values):
        joined = _known(b, constants[0], lambda _: np.concatenate([v.array for v in constants], axis))
        return Constant(joined.array, sizes=any(v.sizes for v in constants))
    given = [v for v in values if isinstance(v, Tensor)]
    parts = [v if isinstance(v, Tensor) else _beside(b, v, given[0]) for v in values]
    place = b.row_axis(parts[0], axis)
    shapes = {(p.batch, len(p.row), *p.row[:place], *p.row[place + 1 :]) for p in parts}
    if len(shapes) != 1 or len({p.dtype for p in parts}) != 1:
        raise b.refuse("joining rows of different shapes or types is not compiled")
    row = (*parts[0].row[:place], sum(p.row[place] for p in parts), *parts[0].row[place + 1 :])
    flat = b.concat(parts, (sum(p.width for p in parts),), parts[0].dtype)
    return b.with_batch(b.pick(flat, _joined_places(parts, place), row), parts[0].batch)


def _beside(b: Builder, x: Constant, rows: Tensor) -> Tensor:
    """A constant as what it is beside rows: of the same type, and the same for each of them."""
    sizes = list(x.array.shape)
    if b.free and (len(sizes) != len(rows.shape) or sizes[rows.batch] != 1):
        raise b.refuse(f"joining rows with a constant of shape {sizes} is not compiled")
    return b.constant(b.floats(x).reshape(-1), [size for axis, size in enumerate(sizes) if axis != rows.batch], type_of(x))


def _joined_places(parts: Sequence[Tensor], axis: int) -> Array:
    """Where the elements of the joined rows lie when the parts are written one after the other."""
    starts = np.cumsum([0, *(p.width for p in parts)])
    return np.concatenate([np.arange(p.width).reshape(p.row) + start for p, start in zip(parts, starts, strict=False)], axis)


@operator("Expand")
def _expand(b: Builder, x: Value, target: Value) -> Value:
    sizes = b.numbers(target, "a shape")
    if math.prod(abs(size) for size in sizes) > MAX_WIDTH:
        raise b.refuse(f"shape {sizes} is not compiled: rows have at most {MAX_WIDTH} values")
    if isinstance(x, Constant) and -1 not in sizes:
        return _known(b, x, lambda a: np.broadcast_to(a, np.broadcast_shapes(a.shape, tuple(sizes))))
    if isinstance(x, Tensor) and not b.free and -1 not in sizes:
        whole = np.broadcast_shapes(x.row, tuple(sizes))
        return _moved(b, x, lambda places: np.broadcast_to(places, whole))
    if isinstance(x, Constant) and sizes.count(-1) == 1:
        return _of_every_row(b, x, sizes)
    if sizes[:1] not in ([-1], [1]) or -1 in sizes[1:]:
        raise b.refuse(f"shape {sizes} is not compiled: the first axis must stay the batch")
    if isinstance(x, Tensor):
        row = np.broadcast_shapes(x.row, tuple(sizes[1:]))
        return _moved(b, x, lambda places: np.broadcast_to(places, row))
    row = tuple(sizes[1:])
    return b.constant(np.broadcast_to(b.floats(x), (1, *row)).reshape(-1), row, type_of(x))


def _of_every_row(b: Builder, x: Constant, sizes: list[int]) -> Tensor:
    """The same values for each row; the batch, -1 among ``sizes``, may be any axis: so torch begins a recurrent layer."""
    place = sizes.index(-1)
    try:
        values = np.broadcast_to(b.floats(x), [abs(size) for size in sizes])
    except ValueError as error:
        raise b.refuse(f"does not fit a constant of shape {list(x.array.shape)}") from error
    made = b.constant(values.reshape(-1), (*sizes[:place], *sizes[place + 1 :]), type_of(x))
    return Tensor(made.name, (*sizes[:place], None, *sizes[place + 1 :]), made.dtype)


def _moved(b: Builder, x: Tensor, move: Callable[[Array], Array]) -> Tensor:
    """The elements of each row where ``move`` puts them."""
    try:
        places = move(np.arange(x.width).reshape(x.row))
    except (ValueError, IndexError) as error:
        raise b.refuse(f"does not fit rows of shape {list(x.row)}") from error
    return b.pick(x, places, places.shape)


def _known(b: Builder, x: Constant, move: Callable[[Any], Any]) -> Constant:
    """The same on values known now."""
    try:
        found = np.asarray(move(x.array))
        return Constant(found, x.sizes and bool((found == -1).any()))  # sizes without the batch are numbers
    except (ValueError, IndexError) as error:
        raise b.refuse(f"does not fit a constant of shape {list(x.array.shape)}") from error
