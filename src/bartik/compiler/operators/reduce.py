"""Reductions along axes of a row, places of extremes, running sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bartik.compiler.along import FOLDS
from bartik.compiler.operators.arithmetic import number
from bartik.compiler.operators.axes import all_of_each, one_of_each, places
from bartik.compiler.operators.builder import FLOATS, Builder, Constant, Tensor, Value
from bartik.compiler.operators.table import OPERATORS, operator
from bartik.core import Array

_Finish = Callable[[Builder, Tensor, list[int], bool], Value]


def fold(b: Builder, x: Tensor, axes: Sequence[int], kind: str, *, keep: bool = True) -> Tensor:
    """A reduction over the axes at these places; ``kind`` is one of `FOLDS`."""
    found = one_of_each(b, x, axes, "reduce", (kind,), keep=keep)
    return Tensor(found.name, found.shape, x.dtype)


def size_of(x: Tensor, axes: Sequence[int]) -> int:
    """Elements along the axes at these places."""
    return int(np.prod([x.shape[place] or 1 for place in axes]))


def _folding(kind: str) -> _Finish:
    return lambda b, x, axes, keep: fold(b, x, axes, kind, keep=keep)


def _mean(b: Builder, x: Tensor, axes: list[int], keep: bool) -> Value:  # noqa: FBT001 - as all of them
    return b.binary("div", fold(b, x, axes, "sum", keep=keep), number(size_of(x, axes)))


def _length(b: Builder, x: Tensor, axes: list[int], keep: bool) -> Value:  # noqa: FBT001 - likewise
    return b.unary("sqrt", fold(b, x, axes, "squares", keep=keep))


def _log_sum(b: Builder, x: Tensor, axes: list[int], keep: bool) -> Value:  # noqa: FBT001 - likewise
    return b.unary("log", fold(b, x, axes, "sum", keep=keep))


def _log_sum_exp(b: Builder, x: Tensor, axes: list[int], keep: bool) -> Value:  # noqa: FBT001 - likewise
    """With the largest taken out, unless that is infinite: log(sum(exp)) has the right infinities then."""
    largest = fold(b, x, axes, "largest")
    infinite = b.binary("equal", b.unary("abs", largest), number(np.inf))
    base = b.broadcast("select", [infinite, number(0), largest])
    total = fold(b, b.tensor(b.unary("exp", b.binary("sub", x, base))), axes, "sum")
    found = b.tensor(b.binary("add", b.unary("log", total), base))
    return found if keep else _without(found, axes)


def _without(x: Tensor, axes: Sequence[int]) -> Tensor:
    return Tensor(x.name, tuple(size for place, size in enumerate(x.shape) if place not in axes), x.dtype)


_REDUCTIONS: dict[str, tuple[_Finish, Callable[..., Array]]] = {
    "ReduceSum": (_folding("sum"), np.sum),
    "ReduceProd": (_folding("product"), np.prod),
    "ReduceMax": (_folding("largest"), np.max),
    "ReduceMin": (_folding("smallest"), np.min),
    "ReduceL1": (_folding("magnitudes"), FOLDS["magnitudes"]),
    "ReduceSumSquare": (_folding("squares"), FOLDS["squares"]),
    "ReduceMean": (_mean, np.mean),
    "ReduceL2": (_length, lambda x, axis: np.sqrt(np.sum(x * x, axis=axis))),
    "ReduceLogSum": (_log_sum, lambda x, axis: np.log(np.sum(x, axis=axis))),
    "ReduceLogSumExp": (_log_sum_exp, lambda x, axis: np.log(np.sum(np.exp(x), axis=axis))),
}


def _reduction(finish: _Finish, known: Callable[..., Array], *, whole: bool) -> Callable[..., Value]:
    def run(
        b: Builder, x: Value, given: Value | None = None, *,
        axes: Sequence[int] | None = None, keepdims: int = 1, noop_with_empty_axes: int = 0,
    ) -> Value:  # fmt: skip
        chosen = list(axes or ()) if given is None else b.numbers(given, "axes")
        if not chosen and noop_with_empty_axes:
            return x
        rank = len(x.shape) if isinstance(x, Tensor) else x.array.ndim
        chosen = chosen or list(range(rank))
        if isinstance(x, Constant):
            return _known(b, x, chosen, known, keep=bool(keepdims))
        rows = x if whole and x.dtype.startswith("int") else _floats(b, x)
        return finish(b, rows, places(b, x, chosen), bool(keepdims))

    return run


for _name, (_finish, _numpy) in _REDUCTIONS.items():
    OPERATORS[_name] = _reduction(_finish, _numpy, whole=_name in ("ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin"))


def _known(b: Builder, x: Constant, axes: list[int], function: Callable[..., Array], *, keep: bool) -> Constant:
    rank = x.array.ndim
    if x.sizes or any(not -rank <= axis < rank for axis in axes):
        raise b.refuse(f"axes {axes} of a constant of shape {list(x.array.shape)} are not compiled")
    along = tuple(axis % rank for axis in axes)
    found = np.asarray(function(x.array, axis=along))
    kept = [1 if axis in along else size for axis, size in enumerate(x.array.shape)]
    return Constant((found.reshape(kept) if keep else found).astype(x.array.dtype))


def _floats(b: Builder, x: Tensor) -> Tensor:
    if x.dtype not in FLOATS:
        raise b.refuse(f"{x.dtype} is not compiled, {' and '.join(FLOATS)} are")
    return x


@operator("CumSum")
def _cumsum(b: Builder, x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    rows = b.tensor(x)
    options = (int(bool(exclusive)), int(bool(reverse)))
    found = all_of_each(b, rows, places(b, rows, b.numbers(axis, "an axis")), "running_sum", options)
    return Tensor(found.name, found.shape, rows.dtype)
