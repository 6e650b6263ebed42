"""What each operator of the graph means, in numpy: for folding constants, and as the reference that tests compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import erf

import numpy as np

from bartik.compiler.graph import Graph, Op
from bartik.core import Array, Arrays

_ONE = np.float32(1)
_ZERO = np.float32(0)

_UNARY: Mapping[str, Callable[[Array], Array]] = {
    "abs": np.abs,
    "erf": np.vectorize(erf, otypes=[np.float64]),
    "exp": np.exp,
    "is_nan": np.isnan,
    "log": np.log,
    "narrow": lambda x: x.astype(np.float32),
    "neg": np.negative,
    "not": lambda x: _ONE - x,
    "relu": lambda x: np.maximum(x, _ZERO),
    "sigmoid": lambda x: _ONE / (_ONE + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, _ZERO),
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "trunc": np.trunc,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
}
_SLOPED: Mapping[str, Callable[[Array, np.float32], Array]] = {
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, _ZERO))),
    "leaky_relu": lambda x, alpha: np.where(x < 0, alpha * x, x),
}
_BINARY: Mapping[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "at_least": np.maximum,
    "at_most": np.minimum,
    "div": np.divide,
    "equal": np.equal,
    "less": np.less,
    "less_or_equal": np.less_equal,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mul": np.multiply,
    "pow": np.power,
    "remainder": np.fmod,
    "sub": np.subtract,
}


def elementwise(kind: str, args: Sequence[Array], alpha: float = 0.0) -> Array:
    """One elementwise operator on arrays of float32, or of float64, that broadcast; the result is of their type."""
    with np.errstate(all="ignore"):
        if kind == "select":
            found = np.where(args[0] != 0, args[1], args[2])
        elif kind in _SLOPED:
            found = _SLOPED[kind](args[0], np.float32(alpha))
        else:
            found = _UNARY[kind](args[0]) if kind in _UNARY else _BINARY[kind](args[0], args[1])
    return np.asarray(found, args[0].dtype)


def evaluate(op: Op, args: Sequence[Array]) -> Array:
    """One operator on rows [batch, width] of its arguments; of constants alone, on one row."""
    match op.kind:
        case "identity" | "stored":
            return args[0]
        case "kernel" if op.kernel is not None:
            return op.kernel.evaluate([arg.astype(op.real) for arg in args]).astype(args[0].dtype)
        case "pick":
            return args[0][:, list(op.places)]
        case "concat":
            return np.concatenate(args, axis=1)
        case "dense":
            return _dense(op, args[0])
        case _:
            rows = max(len(arg) for arg in args)
            return np.broadcast_to(elementwise(op.kind, args, op.alpha), (rows, op.width)).copy()


def interpret(graph: Graph, inputs: Arrays) -> Arrays:
    """The whole graph on ``inputs``, slowly."""
    values: dict[str, Array] = {}
    specs = iter(graph.signature.inputs)
    free = any(isinstance(axis, str) for spec in graph.signature.inputs for axis in spec.shape)
    rows = len(next(iter(inputs.values()))) if free else 1
    for op in graph.ops:
        if op.kind == "input":
            values[op.name] = inputs[next(specs).name].reshape(rows, op.width).astype(graph.real)
        elif op.values is not None:
            values[op.name] = np.broadcast_to(op.values, (rows, op.width))
        else:
            values[op.name] = evaluate(op, [values[arg] for arg in op.args])
    outputs = zip(graph.signature.outputs, graph.outputs, strict=True)
    shapes = {spec.name: [rows if isinstance(axis, str) else axis for axis in spec.shape] for spec in graph.signature.outputs}
    return {spec.name: values[name].reshape(shapes[spec.name]).astype(spec.dtype) for spec, name in outputs}


def _dense(op: Op, x: Array) -> Array:
    assert op.weight is not None  # noqa: S101 - a dense has one
    assert op.bias is not None  # noqa: S101 - likewise
    with np.errstate(all="ignore"):
        total = np.asarray(x @ op.weight + op.bias, x.dtype)
    return elementwise(op.activation, [total], op.alpha) if op.activation else total
