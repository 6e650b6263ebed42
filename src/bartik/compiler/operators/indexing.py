"""Elements by place: taken from there, put there; places known now, or values of the graph."""

from __future__ import annotations

import math

import numpy as np

from bartik.compiler.indexed import Fetch, Indexed, Lookup, Put
from bartik.compiler.operators.builder import Builder, Constant, Shape, Tensor, Value, type_of
from bartik.compiler.operators.table import operator
from bartik.core import Array

_REDUCTIONS = {"none": "replace", "add": "add", "mul": "multiply", "max": "largest", "min": "smallest"}


def gather(b: Builder, x: Value, index: Tensor, axis: int) -> Value:
    """ONNX's Gather where the places are values of the graph; in a batch, of each row from itself or from a table."""
    row, along = _data(b, x, axis)
    chosen = index.row
    shape: Shape = (*row[:along], *chosen, *row[along + 1 :])
    if b.free:
        if not isinstance(x, Constant) and not (index.batch == 0 and along == 0 and len(index.row) == 0):
            raise b.refuse("places that are values of the graph, of rows, are not compiled: use GatherElements")
        shape = (*row[:along], None, *chosen, *row[along + 1 :]) if isinstance(x, Constant) else shape
    stride = math.prod(row[along + 1 :])
    base = np.arange(math.prod(row)).reshape(row).take(0, along)
    count = math.prod(chosen)
    bases = np.repeat(base.reshape(math.prod(row[:along]), 1, -1), count, axis=1)
    which = np.broadcast_to(np.arange(count).reshape(1, -1, 1), bases.shape)
    where = Indexed(bases.reshape(-1), which.reshape(-1, 1), ((row[along], stride),))
    if isinstance(x, Constant):
        if np.isnan(b.floats(x)).any():
            raise b.refuse("a constant is NaN")
        return b.kernel(Lookup(where, b.floats(x)), [index], shape, wide=x.array.dtype == np.float64)
    return b.kernel(Fetch(where), [x, index], shape)


def _data(b: Builder, x: Value, axis: int) -> tuple[tuple[int, ...], int]:
    if isinstance(x, Constant):
        rank = x.array.ndim
        if not -rank <= axis < rank:
            raise b.refuse(f"axis {axis} of {rank} axes")
        return x.array.shape, axis % rank
    return x.row, b.row_axis(x, axis)


@operator("GatherElements")
def _gather_elements(b: Builder, x: Value, index: Value, *, axis: int = 0) -> Value:
    rows = b.tensor(x)
    along = b.row_axis(rows, axis)
    shape, row = (index.shape, index.row) if isinstance(index, Tensor) else _constant_row(b, rows, index)
    base, stride = _others(rows.row, row, along, b)
    if isinstance(index, Constant):
        places = base + _within(b, index.array.reshape(row), rows.row[along]) * stride
        return b.pick(rows, places, row)
    where = Indexed(base.reshape(-1), np.arange(base.size).reshape(-1, 1), ((rows.row[along], stride),))
    found = b.kernel(Fetch(where), [rows, index], shape)
    return Tensor(found.name, found.shape, rows.dtype)


def _constant_row(b: Builder, x: Tensor, index: Constant) -> tuple[Shape, tuple[int, ...]]:
    if b.free:
        raise b.refuse("places known now, of a batch that is not, are not compiled")
    if index.array.dtype.kind != "i" or index.array.ndim != len(x.shape):
        raise b.refuse(f"places of type {index.array.dtype} and {index.array.ndim} axes are not compiled")
    return index.array.shape, index.array.shape


def _others(data: tuple[int, ...], chosen: tuple[int, ...], along: int, b: Builder) -> tuple[Array, int]:
    """Where an element lies by all its axes but one, and that one's stride."""
    if len(data) != len(chosen) or any(c > d for axis, (c, d) in enumerate(zip(chosen, data, strict=True)) if axis != along):
        raise b.refuse(f"places of shape {list(chosen)} of values of shape {list(data)} are not compiled")
    strides = [math.prod(data[axis + 1 :]) for axis in range(len(data))]
    grid = np.indices(chosen)
    base = sum((grid[axis] * strides[axis] for axis in range(len(data)) if axis != along), np.zeros(chosen, np.int64))
    return base, strides[along]


def _within(b: Builder, index: Array, size: int) -> Array:
    if index.size and not (-size <= index.min() and index.max() < size):
        raise b.refuse(f"places outside of {size} elements")
    return np.where(index < 0, index + size, index)


@operator("ScatterElements", "Scatter")
def _scatter_elements(b: Builder, x: Value, index: Value, updates: Value, *, axis: int = 0, reduction: str = "none") -> Value:
    rows = _spread(b, x, index, updates)
    along = b.row_axis(rows, axis)
    row = index.row if isinstance(index, Tensor) else index.array.shape
    base, stride = _others(rows.row, tuple(row), along, b)
    where = Indexed(base.reshape(-1), np.arange(base.size).reshape(-1, 1), ((rows.row[along], stride),))
    return _put(b, rows, index, updates, where, reduction)


@operator("ScatterND")
def _scatter_nd(b: Builder, x: Value, index: Value, updates: Value, *, reduction: str = "none") -> Value:
    rows = _spread(b, x, index, updates)
    if b.free:
        raise b.refuse("a batch is not compiled: its axis would be an index")
    shape = index.row if isinstance(index, Tensor) else index.array.shape
    depth = shape[-1] if shape else 0
    if not 1 <= depth <= len(rows.row):
        raise b.refuse(f"places of shape {list(shape)} of values of shape {list(rows.row)} are not compiled")
    count, inner = math.prod(shape[:-1]), math.prod(rows.row[depth:])
    base = np.tile(np.arange(inner), count)
    which = np.repeat(np.arange(count * depth).reshape(count, depth), inner, axis=0)
    axes = tuple((rows.row[axis], math.prod(rows.row[axis + 1 :])) for axis in range(depth))
    return _put(b, rows, index, updates, Indexed(base, which, axes), reduction)


def _spread(b: Builder, x: Value, index: Value, updates: Value) -> Tensor:
    """The values that others are put into, as a value of the graph."""
    if isinstance(x, Tensor):
        return x
    if not isinstance(index, Tensor) and not isinstance(updates, Tensor):
        raise b.refuse("its inputs do not depend on the model's inputs")
    if b.free:
        raise b.refuse("a table that is the same for every row is not compiled")
    return b.constant(b.floats(x).reshape(-1), x.array.shape, type_of(x))


def _put(b: Builder, rows: Tensor, index: Value, updates: Value, where: Indexed, reduction: str) -> Value:
    if reduction not in _REDUCTIONS:
        raise b.refuse(f"attribute reduction={reduction[:20]!r} is not compiled")
    given = updates.array.size if isinstance(updates, Constant) else updates.width
    if given != len(where.base):
        raise b.refuse(f"{given} values for {len(where.base)} places are not compiled")
    if isinstance(index, Constant) and index.array.dtype.kind != "i":
        raise b.refuse("places that are no whole numbers")
    kernel = Put(rows.width, _REDUCTIONS[reduction], where)
    found = b.kernel(kernel, [rows, index, updates], rows.shape)
    return Tensor(found.name, found.shape, rows.dtype)
