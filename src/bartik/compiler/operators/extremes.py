"""Where the largest and the smallest are, and the first few in order."""

from __future__ import annotations

import numpy as np

from bartik.compiler.operators.axes import laid, one_of_each, places
from bartik.compiler.operators.builder import Builder, Tensor, Value
from bartik.compiler.operators.table import operator
from bartik.compiler.ranked import Ranked

_MOST_COMPARED = 1 << 12


def _place(b: Builder, x: Value, axis: int, options: tuple[int, int], *, keep: bool) -> Value:
    rows = b.tensor(x)
    found = one_of_each(b, rows, places(b, rows, [axis]), "place_of_extreme", options, keep=keep)
    return Tensor(found.name, found.shape, "int64")


@operator("ArgMax")
def _arg_max(b: Builder, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return _place(b, x, axis, (1, int(bool(select_last_index))), keep=bool(keepdims))


@operator("ArgMin")
def _arg_min(b: Builder, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return _place(b, x, axis, (0, int(bool(select_last_index))), keep=bool(keepdims))


@operator("TopK")
def _top_k(b: Builder, x: Value, count: Value, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> list[Value]:  # noqa: A002 - ONNX's
    """Values in order and where they were; of equal ones the first comes first, whether ``sorted`` is asked for or not."""
    del sorted
    rows = b.tensor(x)
    [place] = places(b, rows, [axis])
    kept = b.numbers(count, "a count")[0]
    along = laid(b, rows, [place])
    if not 1 <= kept <= along.count <= _MOST_COMPARED:
        raise b.refuse(f"the first {kept} of {along.count} are not compiled")
    kernel = Ranked(along.outer, along.count, along.inner, kept, largest=bool(largest))
    both = b.kernel(kernel, [rows], (2, along.outer * kept * along.inner))
    shape = tuple(kept if axis == place else size for axis, size in enumerate(rows.shape))
    half = np.arange(kernel.width // 2)
    values, indices = b.pick(both, half, shape), b.pick(both, half + kernel.width // 2, shape)
    return [Tensor(values.name, values.shape, rows.dtype), Tensor(indices.name, indices.shape, "int64")]
