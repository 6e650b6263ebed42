"""Axes of a row laid out as [outer, count, inner], for what happens along some of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bartik.compiler.along import Along
from bartik.compiler.operators.builder import Builder, Shape, Tensor


@dataclass(frozen=True)
class Laid:
    """A value whose axes are one axis of ``count`` elements in the middle; ``order`` is where its axes were before."""

    value: Tensor
    outer: int
    count: int
    inner: int
    order: tuple[int, ...]


def places(b: Builder, x: Tensor, axes: Sequence[int]) -> list[int]:
    """Places in ``x.shape``, in order; refused outside of it, twice, and where rows would mix."""
    rank = len(x.shape)
    found = sorted({axis % rank for axis in axes if -rank <= axis < rank})
    if len(found) != len(axes):
        raise b.refuse(f"axes {list(axes)} of {rank} are not compiled")
    if any(x.shape[place] is None for place in found):
        raise b.refuse(f"axes {list(axes)} have the batch among them: rows do not mix")
    return found


def laid(b: Builder, x: Tensor, axes: Sequence[int]) -> Laid:
    """``x`` with the axes at these places of its shape as one."""
    row = x.row
    within = [place - sum(axis is None for axis in x.shape[:place]) for place in axes]
    rest = [axis for axis in range(len(row)) if axis not in within]
    count = math.prod(row[axis] for axis in within)
    if within == list(range(within[0], within[0] + len(within))):
        outer = math.prod(row[: within[0]])
        return Laid(x, outer, count, x.width // (outer * count), tuple(range(len(row))))
    order = (*rest, *within)
    moved = np.arange(x.width).reshape(row).transpose(order)
    return Laid(b.pick(x, moved, moved.shape), x.width // count, count, 1, order)


def one_of_each(b: Builder, x: Tensor, axes: Sequence[int], function: str, options: tuple[int | str, ...], *, keep: bool) -> Tensor:
    """What `Along` makes of the axes at these places, one value: they have size one, or are gone."""
    found = laid(b, x, axes)
    shape: Shape = tuple(1 if place in axes else size for place, size in enumerate(x.shape) if keep or place not in axes)
    return b.kernel(Along(function, found.outer, found.count, found.inner, options), [found.value], shape)


def all_of_each(b: Builder, x: Tensor, axes: Sequence[int], function: str, options: tuple[int | str, ...], epsilon: float = 0.0) -> Tensor:
    """What `Along` makes of the axes at these places, as many values."""
    found = laid(b, x, axes)
    made = b.kernel(Along(function, found.outer, found.count, found.inner, options, epsilon), [found.value], found.value.shape)
    if found.value.name == x.name:
        return Tensor(made.name, x.shape, made.dtype)
    back = np.arange(x.width).reshape([x.row[axis] for axis in found.order]).transpose(np.argsort(found.order))
    return Tensor(b.pick(made, back, x.row).name, x.shape, made.dtype)
