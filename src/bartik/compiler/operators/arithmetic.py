"""Arithmetic, comparisons and choices, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bartik.compiler.operators.builder import Builder, Constant, Tensor, Value
from bartik.compiler.operators.table import OPERATORS, operator
from bartik.core import Array

_UNARY = {"Abs": "abs", "Erf": "erf", "Exp": "exp", "IsNaN": "is_nan", "Log": "log", "Neg": "neg", "Not": "not", "Sqrt": "sqrt"}
_WHOLE: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.floor_divide,
}  # fmt: skip


def number(value: float) -> Constant:
    """A float known now."""
    return Constant(np.array(value, np.float32))


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
        return b.binary(kind, x, y)

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
    return b.binary(kind, number(bound), x)


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


@operator("Pow")
def _pow(b: Builder, x: Value, exponent: Value) -> Value:
    """The powers that are products, quotients and roots."""
    power = b.scalar(_as_float(exponent), "an exponent")
    match power:
        case 1.0:
            return x
        case 2.0:
            return b.binary("mul", x, x)
        case 3.0:
            return b.binary("mul", b.binary("mul", x, x), x)
        case 0.5:
            return b.unary("sqrt", x)
        case -1.0:
            return b.binary("div", number(1), x)
    raise b.refuse(f"exponent {power:g} is not compiled; 1, 2, 3, 0.5 and -1 are")


def _as_float(x: Value) -> Value:
    return Constant(x.array.astype(np.float32)) if isinstance(x, Constant) and x.array.dtype.kind == "i" else x


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


_DTYPES: dict[int, np.dtype[Any]] = {code: np.dtype(name) for code, name in ((1, "float32"), (6, "int32"), (7, "int64"), (9, "bool"))}
"""Types by ONNX's number."""


@operator("Cast")
def _cast(b: Builder, x: Value, *, to: int, saturate: int = 1) -> Value:
    """float32 or bool to float32, bool to bool; whole numbers known now to whole numbers."""
    del saturate  # of 8-bit floats
    target = _DTYPES.get(to)
    if isinstance(x, Constant) and target is not None and (not x.sizes or target.kind == "i"):
        return Constant(x.array.astype(target), x.sizes)
    if isinstance(x, Tensor) and target == np.float32:
        return b.reshaped(x, x.row, "float32")
    if isinstance(x, Tensor) and target == np.bool_ and x.dtype == "bool":
        return x
    raise b.refuse(f"attribute to={to} is not compiled, 1 (float32) is")
