"""Operators of arithmetic in torch: one number at a time, matrices, and normalisation; what follows the star are attributes."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional

from bartik.backends._torch.operator import Operator, registering


def _variadic(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda *values: reduce(function, values)


_PLAIN: dict[str, Callable[..., Tensor]] = {
    "Abs": torch.abs, "Acos": torch.acos, "Acosh": torch.acosh, "Add": torch.add, "And": torch.logical_and, "Asin": torch.asin,
    "Asinh": torch.asinh, "Atan": torch.atan, "Atanh": torch.atanh, "Ceil": torch.ceil, "Cos": torch.cos, "Cosh": torch.cosh,
    "Equal": torch.eq, "Erf": torch.erf, "Exp": torch.exp, "Floor": torch.floor, "Greater": torch.gt, "GreaterOrEqual": torch.ge,
    "HardSwish": functional.hardswish, "Identity": lambda x: x, "IsNaN": torch.isnan, "Less": torch.lt, "LessOrEqual": torch.le,
    "Log": torch.log, "MatMul": torch.matmul, "Max": _variadic(torch.maximum), "Min": _variadic(torch.minimum), "Mish": functional.mish,
    "Mul": torch.mul, "Neg": torch.neg, "Not": torch.logical_not, "Or": torch.logical_or, "Reciprocal": torch.reciprocal,
    "Relu": torch.relu, "Round": torch.round, "Sigmoid": torch.sigmoid, "Sign": lambda x: torch.where(x.isnan(), x, torch.sign(x)),
    "Sin": torch.sin, "Sinh": torch.sinh, "Softplus": functional.softplus, "Softsign": functional.softsign, "Sqrt": torch.sqrt,
    "Sub": torch.sub, "Sum": _variadic(torch.add), "Tan": torch.tan, "Tanh": torch.tanh, "Where": torch.where, "Xor": torch.logical_xor,
}  # fmt: skip

OPERATORS = {name: Operator(function) for name, function in _PLAIN.items()}

_DTYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32, 7: torch.int64, 9: torch.bool,
           10: torch.float16, 11: torch.float64}  # fmt: skip
"""TensorProto.DataType by number: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto."""

_register = registering(OPERATORS)


@_register("Div")
def _div(left: Tensor, right: Tensor) -> Tensor:
    return torch.div(left, right, rounding_mode=None if left.is_floating_point() else "trunc")


@_register("Mod")
def _mod(left: Tensor, right: Tensor, *, fmod: int = 0) -> Tensor:
    return torch.fmod(left, right) if fmod else torch.remainder(left, right)


@_register("Pow")
def _pow(base: Tensor, exponent: Tensor) -> Tensor:
    return torch.pow(base, exponent).to(base.dtype)


@_register("Mean")
def _mean(*values: Tensor) -> Tensor:
    return reduce(torch.add, values) / len(values)


@_register("Clip")
def _clip(x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    return x if low is None and high is None else torch.clamp(x, low, high)


@_register("Cast", only={"saturate": (1,), "to": _DTYPES})
def _cast(x: Tensor, *, to: int) -> Tensor:
    return x.to(_DTYPES[to])


@_register("CastLike", only={"saturate": (1,)})
def _cast_like(x: Tensor, like: Tensor) -> Tensor:
    return x.to(like.dtype)


@_register("LeakyRelu")
def _leaky_relu(x: Tensor, *, alpha: float = 0.01) -> Tensor:
    return functional.leaky_relu(x, alpha)


@_register("PRelu")
def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x < 0, slope * x, x)


@_register("Elu")
def _elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return functional.elu(x, alpha)


@_register("Celu")
def _celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return functional.celu(x, alpha)


@_register("Selu")
def _selu(x: Tensor, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Tensor:
    return gamma * functional.elu(x, alpha)


@_register("ThresholdedRelu")
def _thresholded_relu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return torch.where(x > alpha, x, torch.zeros_like(x))


@_register("HardSigmoid")
def _hard_sigmoid(x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    return torch.clamp(alpha * x + beta, 0, 1)


@_register("Gelu")
def _gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    return functional.gelu(x, approximate=approximate)


@_register("Swish")
def _swish(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return x * torch.sigmoid(alpha * x)


@_register("Softmax")
def _softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.softmax(x, axis)


@_register("LogSoftmax")
def _log_softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.log_softmax(x, axis)


@_register("Gemm")
def _gemm(
    a: Tensor, b: Tensor, c: Tensor | None = None, *, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0  # noqa: N803 - ONNX's names
) -> Tensor:  # fmt: skip
    a, b = a.t() if transA else a, b.t() if transB else b
    return alpha * (a @ b) if c is None else torch.addmm(c, a, b, alpha=alpha, beta=beta)


@_register("LayerNormalization", only={"stash_type": (1,)})
def _layer_norm(x: Tensor, scale: Tensor, bias: Tensor | None = None, *, axis: int = -1, epsilon: float = 1e-5) -> Tensor:
    normalised = functional.layer_norm(x, x.shape[axis:], eps=epsilon) * scale
    return normalised if bias is None else normalised + bias


@_register("BatchNormalization", only={"training_mode": (0,)})
def _batch_norm(
    x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, *, epsilon: float = 1e-5, momentum: float = 0.9  # noqa: ARG001 - for training only
) -> Tensor:  # fmt: skip
    return functional.batch_norm(x, mean, variance, scale, bias, training=False, eps=epsilon)
