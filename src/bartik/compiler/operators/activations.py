"""Activations: those the graph has, and those that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt

import numpy as np

from bartik.compiler.operators.arithmetic import bounded, number
from bartik.compiler.operators.builder import Builder, Constant, Value
from bartik.compiler.operators.table import OPERATORS, operator


def _plain(kind: str) -> Callable[[Builder, Value], Value]:
    return lambda b, x: b.unary(kind, x)


for _name in ("Relu", "Sigmoid", "Softplus", "Tanh"):
    OPERATORS[_name] = _plain(_name.lower())


@operator("LeakyRelu")
def _leaky_relu(b: Builder, x: Value, *, alpha: float = 0.01) -> Value:
    return b.unary("leaky_relu", x, alpha)


@operator("PRelu")
def _prelu(b: Builder, x: Value, slope: Value) -> Value:
    return b.broadcast("select", [b.binary("less", x, number(0)), b.binary("mul", slope, x), x])


@operator("ThresholdedRelu")
def _thresholded_relu(b: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return b.broadcast("select", [b.binary("less_or_equal", x, number(alpha)), number(0), x])


@operator("Elu")
def _elu(b: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return b.unary("elu", x, alpha)


@operator("Celu")
def _celu(b: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return b.binary("mul", number(alpha), b.unary("elu", b.binary("div", x, number(alpha)), 1.0))


@operator("Selu")
def _selu(b: Builder, x: Value, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Value:
    return b.binary("mul", number(gamma), b.unary("elu", x, alpha))


@operator("HardSigmoid")
def _hard_sigmoid(b: Builder, x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    line = b.binary("add", b.binary("mul", number(alpha), x), number(beta))
    return bounded(b, "at_most", 1, bounded(b, "at_least", 0, line))


@operator("HardSwish")
def _hard_swish(b: Builder, x: Value) -> Value:
    return b.binary("mul", x, _hard_sigmoid(b, x, alpha=1 / 6, beta=0.5))


@operator("Swish")
def _swish(b: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return b.binary("mul", x, b.unary("sigmoid", x if alpha == 1 else b.binary("mul", number(alpha), x)))


@operator("Mish")
def _mish(b: Builder, x: Value) -> Value:
    return b.binary("mul", x, b.unary("tanh", b.unary("softplus", x)))


@operator("Softsign")
def _softsign(b: Builder, x: Value) -> Value:
    return b.binary("div", x, b.binary("add", number(1), b.unary("abs", x)))


@operator("Gelu")
def _gelu(b: Builder, x: Value, *, approximate: str = "none") -> Value:
    if approximate == "none":
        inner = b.unary("erf", b.binary("mul", x, number(sqrt(0.5), x)))
    elif approximate == "tanh":
        cube = b.binary("mul", number(0.044715, x), b.binary("mul", x, b.binary("mul", x, x)))
        inner = b.unary("tanh", b.binary("mul", number(sqrt(2 / pi), x), b.binary("add", x, cube)))
    else:
        raise b.refuse("attribute approximate is neither none nor tanh")
    return b.binary("mul", b.binary("mul", number(0.5), x), b.binary("add", number(1), inner))


@operator("Identity")
def _identity(b: Builder, x: Value) -> Value:
    del b
    return x


@operator("Dropout")
def _dropout(b: Builder, x: Value, ratio: Value | None = None, training: Value | None = None, *, seed: int = 0) -> Value:
    """Nothing, outside of training."""
    del ratio, seed
    if b.node.results > 1 or (training is not None and not (isinstance(training, Constant) and not np.any(training.array))):
        raise b.refuse("training mode is not compiled")
    return x
