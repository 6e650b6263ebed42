"""Arithmetic, comparisons and choices, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bartik.compiler.operators.builder import BYTES, DTYPES, FLOATS, Builder, Constant, Tensor, Value, type_of
from bartik.compiler.operators.table import OPERATORS, operator
from bartik.core import Array

_UNARY = {"Abs": "abs", "Erf": "erf", "Exp": "exp", "IsNaN": "is_nan", "Log": "log", "Neg": "neg", "Not": "not", "Sqrt": "sqrt"}
_WHOLE: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.floor_divide,
}  # fmt: skip


def number(value: float, like: Value | None = None) -> Constant:
    """A float known now: a float32, or a float64 where ``like`` is one."""
    return Constant(np.array(value, np.float64 if like is not None and type_of(like) == "float64" else np.float32))


def _unary(kind: str) -> Callable[[Builder, Value], Value]:
    return lambda b, x: b.unary(kind, x)


for _name, _kind in _UNARY.items():
    OPERATORS[_name] = _unary(_kind)


def _binary(kind: str) -> Callable[[Builder, Value, Value], Value]:
    def run(b: Builder, x: Value, y: Value) -> Value:
        if isinstance(x, Constant) and isinstance(y, Constant) and x.array.dtype.kind == y.array.dtype.kind == "i":
            if x.sizes or y.sizes or (kind == "div" and not y.array.all()):
                raise b.refuse("arithmetic with the size of the batch is not compiled")
            return Constant(_WHOLE[kind](x.array, y.array))
        found = b.binary(kind, x, y)
        whole = kind == "div" and isinstance(found, Tensor) and found.dtype.startswith("int")
        return b.unary("trunc", found) if whole else found

    return run


for _name, _kind in {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div"}.items():
    OPERATORS[_name] = _binary(_kind)


@operator("Sum")
def _sum(b: Builder, *values: Value) -> Value:
    return _chain(b, "add", values)


@operator("Max")
def _max(b: Builder, *values: Value) -> Value:
    return _extreme(b, "maximum", "at_least", values)


@operator("Min")
def _min(b: Builder, *values: Value) -> Value:
    return _extreme(b, "minimum", "at_most", values)


@operator("Clip")
def _clip(b: Builder, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    if low is not None:
        x = bounded(b, "at_least", b.scalar(low, "a bound"), x)
    return x if high is None else bounded(b, "at_most", b.scalar(high, "a bound"), x)


def bounded(b: Builder, kind: str, bound: float, x: Value) -> Value:
    """``x`` not below (``at_least``) or not above (``at_most``) a bound; NaN stays NaN."""
    return b.binary(kind, number(bound, x), x)


def _extreme(b: Builder, kind: str, constant_first: str, values: tuple[Value, ...]) -> Value:
    found = values[0]
    for value in values[1:]:
        if isinstance(value, Constant):
            found = b.binary(constant_first, value, found)
        elif isinstance(found, Constant):
            found = b.binary(constant_first, found, value)
        else:
            found = b.binary(kind, found, value)
    return found


def _chain(b: Builder, kind: str, values: tuple[Value, ...]) -> Value:
    found = values[0]
    for value in values[1:]:
        found = b.binary(kind, found, value)
    return found


@operator("Reciprocal")
def _reciprocal(b: Builder, x: Value) -> Value:
    return b.binary("div", number(1), x)


@operator("Less")
def _less(b: Builder, x: Value, y: Value) -> Value:
    return b.binary("less", x, y)


@operator("Greater")
def _greater(b: Builder, x: Value, y: Value) -> Value:
    return b.binary("less", y, x)


@operator("LessOrEqual")
def _less_or_equal(b: Builder, x: Value, y: Value) -> Value:
    return b.binary("less_or_equal", x, y)


@operator("GreaterOrEqual")
def _greater_or_equal(b: Builder, x: Value, y: Value) -> Value:
    return b.binary("less_or_equal", y, x)


@operator("Equal")
def _equal(b: Builder, x: Value, y: Value) -> Value:
    return b.binary("equal", x, y)


@operator("And")
def _and(b: Builder, x: Value, y: Value) -> Value:
    return b.binary("minimum", x, y)


@operator("Or")
def _or(b: Builder, x: Value, y: Value) -> Value:
    return b.binary("maximum", x, y)


@operator("Where")
def _where(b: Builder, condition: Value, x: Value, y: Value) -> Value:
    return b.broadcast("select", [condition, x, y])


_NUMBERS = ((1, "float32"), (11, "float64"), (6, "int32"), (7, "int64"), (9, "bool"), (2, "uint8"), (3, "int8"))
_DTYPES: dict[int, np.dtype[Any]] = {code: np.dtype(name) for code, name in _NUMBERS}
"""Types by ONNX's number."""


def cast_to(b: Builder, code: int) -> str:
    """The type of this number."""
    if code not in _DTYPES:
        raise b.refuse(f"type {code} is not compiled; {', '.join(f'{k} ({v})' for k, v in _DTYPES.items())} are")
    return str(_DTYPES[code])


@operator("Cast")
def _cast(b: Builder, x: Value, *, to: int, saturate: int = 1) -> Value:
    """Between floats, whole numbers and bool; floats become whole towards zero."""
    del saturate  # of 8-bit floats
    return cast(b, x, cast_to(b, to))


@operator("CastLike")
def _cast_like(b: Builder, x: Value, like: Value, *, saturate: int = 1) -> Value:
    del saturate
    return cast(b, x, str(like.array.dtype) if isinstance(like, Constant) else like.dtype)


def cast(b: Builder, x: Value, dtype: str) -> Value:
    """``x`` as another type."""
    if isinstance(x, Constant):
        return Constant(x.array.astype(dtype), x.sizes)
    if dtype not in DTYPES:
        raise b.refuse(f"type {dtype} is not compiled")
    if (x.dtype, dtype) == ("float64", "float32"):
        return b.unary("narrow", x)
    if dtype == "float64" != x.dtype:
        return b.widened(x)
    if dtype in {x.dtype, "float32"}:
        return b.reshaped(x, x.shape, dtype)
    if dtype == "bool":
        return b.unary("not", b.binary("equal", x, number(0)))
    if dtype in BYTES:
        raise b.refuse(f"from {x.dtype} to {dtype}, which wraps around, is not compiled: use QuantizeLinear")
    whole = b.tensor(b.unary("trunc", x)) if x.dtype in FLOATS else x
    return b.reshaped(whole, whole.shape, dtype)
