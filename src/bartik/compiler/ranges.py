"""How large a value can become, element by element: bounds of its size, infinity where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from bartik.compiler.graph import Graph, Op
from bartik.core import Array

Interval: TypeAlias = tuple[Array, Array]
"""Lower and upper bounds, float64 [width]."""


def largest(graph: Graph) -> dict[str, float]:
    """Upper bound of the absolute value of every value of the graph, NaN apart."""
    found: dict[str, Interval] = {}
    with np.errstate(all="ignore"):
        for op in graph.ops:
            found[op.name] = _known(_interval(op, [found[arg] for arg in op.args]), op.width)
    return {name: float(max(np.abs(low).max(), np.abs(high).max())) for name, (low, high) in found.items()}


def _interval(op: Op, args: list[Interval]) -> Interval:
    match op.kind:
        case "constant" if op.values is not None:
            return op.values.astype(np.float64), op.values.astype(np.float64)
        case "concat":
            return np.concatenate([low for low, _ in args]), np.concatenate([high for _, high in args])
        case "pick":
            places = list(op.places)
            return args[0][0][places], args[0][1][places]
        case "select":
            return np.minimum(args[1][0], args[2][0]), np.maximum(args[1][1], args[2][1])
        case "dense":
            total = _dense(op, args[0])
            return _RULES.get(op.activation, _unbounded)(total) if op.activation else total
        case _:
            return _RULES.get(op.kind, _unbounded)(*args)


def _dense(op: Op, x: Interval) -> Interval:
    assert op.weight is not None  # noqa: S101 - a dense has one
    assert op.bias is not None  # noqa: S101 - likewise
    reach = np.maximum(np.abs(x[0]), np.abs(x[1])) @ np.abs(op.weight.astype(np.float64)) + np.abs(op.bias)
    return -reach, reach


def _known(interval: Interval, width: int) -> Interval:
    """Bounds for every element, a little wider than rounding can move them; where a bound is NaN nothing is known."""
    low, high = (np.broadcast_to(bound, width) for bound in interval)
    spread = 1e-6 * np.maximum(np.abs(low), np.abs(high))
    spread = np.where(np.isfinite(spread), spread, 0.0)
    return np.where(np.isnan(low), -np.inf, low - spread), np.where(np.isnan(high), np.inf, high + spread)


def _unbounded(*_: Interval) -> Interval:
    return np.array(-np.inf), np.array(np.inf)


def _unit(*_: Interval) -> Interval:
    return np.array(0.0), np.array(1.0)


def _symmetric_unit(*_: Interval) -> Interval:
    return np.array(-1.0), np.array(1.0)


def _rising(function: Callable[[Array], Array]) -> Callable[[Interval], Interval]:
    return lambda x: (function(x[0]), function(x[1]))


def _corners(x: Interval, y: Interval) -> Interval:
    products = [a * b for a in x for b in y]
    return np.minimum.reduce(products), np.maximum.reduce(products)


def _abs(x: Interval) -> Interval:
    return np.zeros_like(x[0]), np.maximum(np.abs(x[0]), np.abs(x[1]))


_RULES: Mapping[str, Callable[..., Interval]] = {
    "abs": _abs,
    "add": lambda x, y: (x[0] + y[0], x[1] + y[1]),
    "at_least": lambda low, x: (np.maximum(low[0], x[0]), np.maximum(low[1], x[1])),
    "at_most": lambda high, x: (np.minimum(high[0], x[0]), np.minimum(high[1], x[1])),
    "equal": _unit,
    "erf": _symmetric_unit,
    "exp": _rising(np.exp),
    "identity": lambda x: x,
    "is_nan": _unit,
    "less": _unit,
    "less_or_equal": _unit,
    "log": _rising(np.log),
    "maximum": lambda x, y: (np.maximum(x[0], y[0]), np.maximum(x[1], y[1])),
    "minimum": lambda x, y: (np.minimum(x[0], y[0]), np.minimum(x[1], y[1])),
    "mul": _corners,
    "neg": lambda x: (-x[1], -x[0]),
    "not": _unit,
    "relu": _rising(lambda x: np.maximum(x, 0.0)),
    "sigmoid": _unit,
    "softplus": _rising(lambda x: np.logaddexp(x, 0.0)),
    "sqrt": _rising(np.sqrt),
    "ceil": _rising(np.ceil),
    "cos": _symmetric_unit,
    "floor": _rising(np.floor),
    "round": _rising(np.rint),
    "sin": _symmetric_unit,
    "sub": lambda x, y: (x[0] - y[1], x[1] - y[0]),
    "tanh": _symmetric_unit,
    "trunc": _rising(np.trunc),
}
