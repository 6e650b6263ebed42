"""Let a dense layer do the scaling before it and the scaling and shifting after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bartik.compiler.graph import Graph, Op
from bartik.compiler.ranges import largest
from bartik.core import Array

_LARGEST = 1e30
"""Products and sums whose terms stay below are far from overflow, so that the order of factors cannot be seen."""


def fuse_affine(graph: Graph) -> Graph:
    """``dense(x * c)`` and ``dense(x) * c``, ``dense(x) + c`` become one dense layer.

    A factor moves only where the layer's input is bounded: else an infinity that the model makes could go missing. A shift
    before a layer stays: inside its sum it would cost digits.
    """
    while (smaller := _once(graph)) is not None:
        graph = smaller
    return graph


def _once(graph: Graph) -> Graph | None:
    known, uses, ranges = graph.by_name(), graph.uses(), largest(graph)
    for op in graph.ops:
        found = _scaled_before(op, known, ranges) or _shifted_or_scaled_after(op, known, uses, ranges)
        if found is not None:
            gone = op.args if op.kind != "dense" else ()
            ops = [found if o.name == op.name else o for o in graph.ops if not (o.name in gone and o.kind == "dense")]
            return graph.with_ops(ops)
    return None


def _scaled_before(op: Op, known: Mapping[str, Op], ranges: Mapping[str, float]) -> Op | None:
    """``dense(x * c)``."""
    source = known[op.args[0]] if op.kind == "dense" else op
    if source.kind != "mul" or op.weight is None:
        return None
    value, constant = _with_constant(source, known)
    if constant is None or value is None or value.width != source.width:
        return None
    weight = _finite(op.weight * np.broadcast_to(constant, source.width)[:, None], ranges[value.name])
    return None if weight is None else replace(op, args=(value.name,), weight=weight)


def _shifted_or_scaled_after(op: Op, known: Mapping[str, Op], uses: Mapping[str, int], ranges: Mapping[str, float]) -> Op | None:
    """``dense(x) * c`` and ``dense(x) + c``."""
    if op.kind not in ("add", "sub", "mul", "div"):
        return None
    value, constant = _with_constant(op, known)
    if constant is None or value is None or value.kind != "dense" or value.activation or uses[value.name] != 1 or value.width != op.width:
        return None
    assert value.weight is not None  # noqa: S101 - a dense has one
    assert value.bias is not None  # noqa: S101 - likewise
    fused = replace(value, name=op.name)
    if op.kind in ("add", "sub"):
        if op.kind == "sub" and known[op.args[1]] is value:
            return None
        bias = _finite(value.bias + constant if op.kind == "add" else value.bias - constant, 1.0)
        return None if bias is None or value.bias.any() else replace(fused, bias=bias)
    if op.kind == "div":
        return None
    weight, bias = _finite(value.weight * constant, ranges[value.args[0]]), _finite(value.bias * constant, 1.0)
    return None if weight is None or bias is None else replace(fused, weight=weight, bias=bias)


def _with_constant(op: Op, known: Mapping[str, Op]) -> tuple[Op | None, Array | None]:
    left, right = (known[arg] for arg in op.args)
    if right.values is not None:
        return left, right.values
    return (right, left.values) if left.values is not None else (None, None)


def _finite(values: Array, bound: float) -> Array | None:
    """``values``, unless one of them or its product with ``bound``, which may be infinite, comes near to overflow."""
    with np.errstate(all="ignore"):
        largest = float(np.abs(values.astype(np.float64)).max()) * max(bound, 1.0)
    return values if largest < _LARGEST else None
