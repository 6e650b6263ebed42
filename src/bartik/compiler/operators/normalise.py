"""Softmax and its kin, and normalisations of a row along some of its axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bartik.compiler.operators.arithmetic import number
from bartik.compiler.operators.axes import all_of_each, one_of_each, places
from bartik.compiler.operators.builder import FLOATS, Builder, Constant, Tensor, Value
from bartik.compiler.operators.reduce import fold, size_of
from bartik.compiler.operators.table import operator


@operator("Softmax")
def _softmax(b: Builder, x: Value, *, axis: int = -1, flattened: int = 0) -> Value:
    rows = _rows(b, x)
    return all_of_each(b, rows, _axes(b, rows, axis, flattened), "softmax", (0,))


@operator("LogSoftmax")
def _log_softmax(b: Builder, x: Value, *, axis: int = -1, flattened: int = 0) -> Value:
    rows = _rows(b, x)
    return all_of_each(b, rows, _axes(b, rows, axis, flattened), "softmax", (1,))


def _axes(b: Builder, rows: Tensor, axis: int, flattened: int) -> list[int]:
    """One axis; before opset 13 all from there on."""
    rank = len(rows.shape)
    return places(b, rows, list(range(axis % rank, rank)) if flattened else [axis])


@operator("Hardmax")
def _hardmax(b: Builder, x: Value, *, axis: int = -1, flattened: int = 0) -> Value:
    rows = _rows(b, x)
    if flattened and axis % len(rows.shape) != len(rows.shape) - 1:
        raise b.refuse("several axes as one, as before opset 13, are not compiled")
    [place] = places(b, rows, [axis])
    first = one_of_each(b, rows, [place], "place_of_extreme", (1, 0), keep=True)
    count = size_of(rows, [place])
    steps = np.arange(count, dtype=np.float32).reshape(-1, *[1] * (len(rows.shape) - place - 1))
    return Tensor(b.tensor(b.binary("equal", first, Constant(steps))).name, rows.shape, rows.dtype)


@operator("LayerNormalization")
def _layer_normalization(
    b: Builder, x: Value, scale: Value, bias: Value | None = None, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> list[Value]:
    """Normalised, and as further results the mean and one over the deviation."""
    del stash_type  # all is computed in the type of the input
    scaled = b.binary("mul", _from(b, x, axis, epsilon, centred=1), scale)
    found = [scaled if bias is None else b.binary("add", scaled, bias)]
    return found if b.node.results == 1 else [*found, *_moments(b, _rows(b, x), axis, epsilon)]


def _moments(b: Builder, rows: Tensor, axis: int, epsilon: float) -> list[Value]:
    rank = len(rows.shape)
    chosen = places(b, rows, list(range(axis % rank, rank)))
    count = number(size_of(rows, chosen))
    mean = b.binary("div", fold(b, rows, chosen, "sum"), count)
    centred = b.tensor(b.binary("sub", rows, mean))
    variance = b.binary("div", fold(b, centred, chosen, "squares"), count)
    return [mean, b.binary("div", number(1), b.unary("sqrt", b.binary("add", variance, number(epsilon))))]


@operator("RMSNormalization")
def _rms_normalization(b: Builder, x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1) -> Value:
    del stash_type
    return b.binary("mul", _from(b, x, axis, epsilon, centred=0), scale)


@operator("GroupNormalization")
def _group_normalization(
    b: Builder, x: Value, scale: Value, bias: Value, *, num_groups: int, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    """Channels in groups; factors for each channel (opset 21), or for each group (before)."""
    del stash_type
    rows = _rows(b, x)
    images, row = (1, rows.row) if b.free else (rows.row[0], rows.row[1:])
    if not row or num_groups < 1 or row[0] % num_groups:
        raise b.refuse(f"{num_groups} groups of rows of shape {list(rows.row)} are not compiled")
    grouped = b.reshaped(rows, (images * num_groups, rows.width // (images * num_groups)))
    normal = b.reshaped(all_of_each(b, grouped, [len(grouped.shape) - 1], "normalise", (1,), epsilon), rows.row)
    factors = [_per_channel(b, value, row) for value in (scale, bias)]
    return b.binary("add", b.binary("mul", normal, factors[0]), factors[1])


@operator("LpNormalization")
def _lp_normalization(b: Builder, x: Value, *, axis: int = -1, p: int = 2) -> Value:
    """Divided by its length; where that is zero, zero."""
    if p not in (1, 2):
        raise b.refuse(f"attribute p={p} is not compiled, 1 and 2 are")
    rows = _rows(b, x)
    total = fold(b, rows, places(b, rows, [axis]), "magnitudes" if p == 1 else "squares")
    length = total if p == 1 else b.unary("sqrt", total)
    none = b.binary("equal", length, number(0))
    return b.binary("div", rows, b.broadcast("select", [none, number(1), length]))


@operator("MeanVarianceNormalization")
def _mean_variance_normalization(b: Builder, x: Value, *, axes: Sequence[int] = (0, 2, 3)) -> Value:
    rows = _rows(b, x)
    chosen = places(b, rows, list(axes))
    count = number(size_of(rows, chosen))
    centred = b.tensor(b.binary("sub", rows, b.binary("div", fold(b, rows, chosen, "sum"), count)))
    spread = b.unary("sqrt", b.binary("div", fold(b, centred, chosen, "squares"), count))
    return b.binary("div", centred, b.binary("add", spread, number(1e-9)))


def _rows(b: Builder, x: Value) -> Tensor:
    rows = b.tensor(x)
    if rows.dtype not in FLOATS:
        raise b.refuse(f"{rows.dtype} is not compiled, {' and '.join(FLOATS)} are")
    return rows


def _from(b: Builder, x: Value, axis: int, epsilon: float, *, centred: int) -> Tensor:
    """Normalised over all axes from ``axis`` on."""
    rows = _rows(b, x)
    rank = len(rows.shape)
    return all_of_each(b, rows, places(b, rows, list(range(axis % rank, rank))), "normalise", (centred,), epsilon)


def _per_channel(b: Builder, value: Value, row: Sequence[int]) -> Value:
    """A factor of each channel or each group, as it broadcasts against [channels, ...]."""
    if not isinstance(value, Constant) or row[0] % max(1, value.array.size):
        raise b.refuse("factors that do not fit the channels or depend on the inputs are not compiled")
    each = np.repeat(b.floats(value).reshape(-1), row[0] // value.array.size)
    return Constant(each.reshape(-1, *[1] * (len(row) - 1)))
