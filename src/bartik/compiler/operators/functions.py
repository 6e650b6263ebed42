"""Functions of one or two values that are no activations: angles, rounding, signs, remainders, powers."""

from __future__ import annotations

import numpy as np

from bartik.compiler.graph import ANGLES
from bartik.compiler.operators.arithmetic import number
from bartik.compiler.operators.builder import Builder, Constant, Tensor, Value
from bartik.compiler.operators.table import OPERATORS, operator

_NAMES = {kind.capitalize(): kind for kind in ANGLES} | {"Ceil": "ceil", "Floor": "floor", "Round": "round"}


def _unary(kind: str) -> object:
    return lambda b, x: b.unary(kind, x)


for _name, _kind in _NAMES.items():
    operator(_name)(_unary(_kind))  # type: ignore[arg-type]


@operator("Sign")
def _sign(b: Builder, x: Value) -> Value:
    """-1, 0 or 1; NaN stays."""
    one = b.broadcast("select", [b.binary("less", number(0), x), number(1), x])
    return b.broadcast("select", [b.binary("less", x, number(0)), number(-1), one])


@operator("IsInf")
def _is_inf(b: Builder, x: Value, *, detect_negative: int = 1, detect_positive: int = 1) -> Value:
    if detect_negative and detect_positive:
        return b.binary("equal", b.unary("abs", x), number(np.inf))
    if not detect_negative and not detect_positive:
        return b.binary("less", x, number(-np.inf))
    return b.binary("equal", x, number(np.inf if detect_positive else -np.inf))


@operator("Mod")
def _mod(b: Builder, x: Value, y: Value, *, fmod: int = 0) -> Value:
    """With the sign of the dividend (``fmod``), or of the divisor: a zero has it too."""
    found = b.binary("remainder", x, y)
    if fmod:
        return found
    against = b.unary("not", b.binary("equal", *(b.binary("less", side, number(0)) for side in (found, y))))
    moved = b.broadcast("select", [against, b.binary("add", found, y), found])
    none = b.broadcast("select", [b.binary("less", y, number(0)), number(-0.0), number(0)])
    return b.broadcast("select", [b.unary("not", b.binary("equal", found, number(0))), moved, none])


@operator("Pow")
def _pow(b: Builder, x: Value, exponent: Value) -> Value:
    """The powers that are products, quotients and roots are made of those."""
    if isinstance(x, Tensor) and x.dtype.startswith("int"):
        raise b.refuse("whole numbers are not compiled, float32 is")
    known = isinstance(exponent, Constant) and exponent.array.size == 1
    power = float(exponent.array.reshape(())) if known and isinstance(exponent, Constant) else np.nan
    shaped = isinstance(x, Tensor) and isinstance(exponent, Constant) and exponent.array.ndim <= len(x.shape)
    match power if shaped else np.nan:
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
    return b.binary("pow", x, exponent)


@operator("Mean")
def _mean(b: Builder, *values: Value) -> Value:
    total: Value = OPERATORS["Sum"](b, *values)
    return b.binary("div", total, number(len(values)))


@operator("Xor")
def _xor(b: Builder, x: Value, y: Value) -> Value:
    return b.unary("not", b.binary("equal", x, y))


@operator("Shrink")
def _shrink(b: Builder, x: Value, *, bias: float = 0.0, lambd: float = 0.5) -> Value:
    """Nothing between plus and minus ``lambd``, nearer to nothing by ``bias`` outside."""
    above = b.broadcast("select", [b.binary("less", number(lambd), x), b.binary("sub", x, number(bias)), number(0)])
    return b.broadcast("select", [b.binary("less", x, number(-lambd)), b.binary("add", x, number(bias)), above])
