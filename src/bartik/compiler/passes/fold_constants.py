"""Compute now what depends on constants alone."""

from __future__ import annotations

import numpy as np

from bartik.compiler.graph import Graph, Op
from bartik.compiler.semantics import evaluate
from bartik.core import Array


def fold_constants(graph: Graph) -> Graph:
    """Operators whose arguments are all constants become constants; one whose value would be NaN stays."""
    known: dict[str, Array] = {}
    ops = [_folded(op, known) for op in graph.ops]
    return graph.with_ops(ops)


def _folded(op: Op, known: dict[str, Array]) -> Op:
    if op.values is None and op.kind != "stored" and op.args and all(arg in known for arg in op.args):
        values = evaluate(op, [known[arg][None] for arg in op.args])[0]
        if not np.isnan(values).any():
            op = Op(op.name, "constant", op.width, values=values)
    if op.values is not None:
        known[op.name] = op.values
    return op
