"""Reductions without a kernel, for float64: one half of the elements with the other, until one is left."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bartik.compiler.operators.builder import Builder, Shape, Tensor

_JOINED = {"sum": "add", "product": "mul", "largest": "maximum", "smallest": "minimum", "magnitudes": "add", "squares": "add"}


def folded(b: Builder, x: Tensor, axes: Sequence[int], kind: str, *, keep: bool) -> Tensor:
    """A reduction (`FOLDS`) over the axes at these places; they have size one, or are gone."""
    shape: Shape = tuple(1 if place in axes else size for place, size in enumerate(x.shape) if keep or place not in axes)
    within = [place - sum(axis is None for axis in x.shape[:place]) for place in axes]
    count = math.prod(x.row[axis] for axis in within)
    moved = np.moveaxis(np.arange(x.width).reshape(x.row), within, range(len(within))).reshape(count, -1)
    rows = b.pick(_before(b, x, kind), moved, moved.shape)
    while count > 1:
        rows, count = _joined(b, rows, count, moved.shape[1], kind), -(-count // 2)
    return b.reshaped(rows, shape)


def _before(b: Builder, x: Tensor, kind: str) -> Tensor:
    if kind == "squares":
        return b.tensor(b.binary("mul", x, x))
    return b.tensor(b.unary("abs", x)) if kind == "magnitudes" else x


def _joined(b: Builder, rows: Tensor, count: int, width: int, kind: str) -> Tensor:
    half = count // 2
    first, second = (b.pick(rows, np.arange(start * width, (start + half) * width), (half, width)) for start in (0, half))
    made = b.tensor(b.binary(_JOINED[kind], first, second))
    if count % 2 == 0:
        return made
    last = b.pick(rows, np.arange(2 * half * width, count * width), (1, width))
    return b.concat([made, last], (half + 1, width), rows.dtype)
