"""Operators on whole arrays in torch: shapes, parts, order, reductions; what follows the star are attributes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bartik.backends._torch.operator import Operator, Value, registering, whole

OPERATORS: dict[str, Operator] = {}
_register = registering(OPERATORS)


@_register("Shape")
def _shape(x: Tensor, *, start: int = 0, end: int | None = None) -> Tensor:
    return torch.tensor(list(x.shape)[start:end], dtype=torch.int64)


@_register("ConstantOfShape", lists=(0,))
def _constant_of_shape(shape: Tensor | list[int], *, value: Tensor | None = None) -> Tensor:
    return torch.zeros(whole(shape)) if value is None else value.expand(whole(shape))


@_register("Reshape", lists=(1,))
def _reshape(x: Tensor, shape: Tensor | list[int], *, allowzero: int = 0) -> Tensor:
    sizes = whole(shape)
    return x.reshape(sizes if allowzero else [size or x.shape[axis] for axis, size in enumerate(sizes)])


@_register("Flatten")
def _flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    lead = x.shape[:axis].numel()
    return x.reshape(lead, x.shape[axis:].numel())


@_register("Transpose")
def _transpose(x: Tensor, *, perm: Sequence[int] | None = None) -> Tensor:
    return x.permute(*(reversed(range(x.dim())) if perm is None else perm))


@_register("Concat")
def _concat(*values: Tensor, axis: int) -> Tensor:
    return torch.cat(values, axis)


@_register("Split", lists=(1,), one_result=False)
def _split(
    x: Tensor, sizes: Tensor | list[int] | None = None, *, axis: int = 0, num_outputs: int = 0, results: int = 0  # noqa: ARG001 - as many as results
) -> tuple[Tensor, ...]:  # fmt: skip
    if sizes is not None:
        return torch.split(x, whole(sizes), axis)
    each = -(-x.shape[axis] // results)
    return torch.split(x, each, axis)


@_register("Slice", lists=(1, 2, 3, 4))
def _slice(x: Tensor, starts: Value, ends: Value, axes: Value = None, steps: Value = None) -> Tensor:
    first, last = whole(starts), whole(ends)
    along = list(range(len(first))) if axes is None else whole(axes)
    for axis, start, end, step in zip(along, first, last, [1] * len(first) if steps is None else whole(steps), strict=True):
        x = _slice_axis(x, axis, slice(start, end, step))
    return x


def _slice_axis(x: Tensor, axis: int, where: slice) -> Tensor:
    """One axis; torch has no negative steps, so those pick by index. ONNX's far ends mean what a slice's open ends do."""
    size, step = x.shape[axis], where.step
    if step > 0:
        return x[(slice(None),) * (axis % x.dim()) + (where,)]
    start = min(where.start + size if where.start < 0 else where.start, size - 1)
    end = max(where.stop + size if where.stop < 0 else where.stop, -1)
    return x.index_select(axis, torch.tensor(range(start, end, step), dtype=torch.int64))


@_register("Gather")
def _gather(x: Tensor, index: Tensor, *, axis: int = 0) -> Tensor:
    axis %= x.dim()
    found = x.index_select(axis, torch.where(index < 0, index + x.shape[axis], index).reshape(-1))
    return found.reshape(x.shape[:axis] + index.shape + x.shape[axis + 1 :])


@_register("Squeeze", lists=(1,))
def _squeeze(x: Tensor, axes: Value = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(whole(axes))


@_register("Unsqueeze", lists=(1,))
def _unsqueeze(x: Tensor, axes: Value) -> Tensor:
    places = whole(axes)
    for axis in sorted(place % (x.dim() + len(places)) for place in places):
        x = x.unsqueeze(axis)
    return x


@_register("Expand", lists=(1,))
def _expand(x: Tensor, shape: Value) -> Tensor:
    return x.expand(torch.broadcast_shapes(x.shape, tuple(whole(shape))))  # type: ignore[no-untyped-call]


@_register("Tile", lists=(1,))
def _tile(x: Tensor, repeats: Value) -> Tensor:
    return x.tile(whole(repeats))


_REDUCTIONS: dict[str, Callable[[Tensor, list[int], bool], Tensor]] = {
    "ReduceL1": lambda x, axes, keep: x.abs().sum(axes, keep),
    "ReduceL2": lambda x, axes, keep: (x * x).sum(axes, keep).sqrt(),
    "ReduceLogSumExp": torch.logsumexp,
    "ReduceMax": torch.amax,
    "ReduceMean": torch.mean,
    "ReduceMin": torch.amin,
    "ReduceSum": torch.sum,
    "ReduceSumSquare": lambda x, axes, keep: (x * x).sum(axes, keep),
}


def _reduction(reduce_over: Callable[[Tensor, list[int], bool], Tensor]) -> Callable[..., Tensor]:
    def run(
        x: Tensor, along: Value = None, *, axes: Sequence[int] | None = None, keepdims: int = 1, noop_with_empty_axes: int = 0
    ) -> Tensor:  # fmt: skip
        chosen = whole(along) if along is not None else list(axes or ())
        if not chosen and noop_with_empty_axes:
            return x
        return reduce_over(x, chosen or list(range(x.dim())), bool(keepdims))

    return run


for _name, _function in _REDUCTIONS.items():
    _register(_name, lists=(1,))(_reduction(_function))
