"""Remove what does nothing and what nobody uses."""

from __future__ import annotations

from bartik.compiler.graph import Graph, Op


def eliminate(graph: Graph) -> Graph:
    """Without identities, picks of a whole row, products with one, and operators that reach no output."""
    known = graph.by_name()
    renamed = {op.name: stays for op in graph.ops if (stays := _same_as(op, known)) is not None}
    simpler = graph.with_ops([op for op in graph.ops if op.name not in renamed], renamed)
    alive = set(simpler.outputs)
    for op in reversed(simpler.ops):
        if op.name in alive:
            alive.update(op.args)
    return simpler.with_ops([op for op in simpler.ops if op.name in alive or op.kind == "input"])


def _same_as(op: Op, known: dict[str, Op]) -> str | None:
    """The argument that ``op`` hands on unchanged."""
    if op.kind == "identity" or (op.kind == "concat" and len(op.args) == 1):
        return op.args[0]
    if op.kind == "pick" and op.places == tuple(range(known[op.args[0]].width)):
        return op.args[0]
    if op.kind in ("mul", "div"):
        left, right = (known[arg] for arg in op.args)
        if _is_one(right) and left.width == op.width:
            return left.name
        if op.kind == "mul" and _is_one(left) and right.width == op.width:
            return right.name
    return None


def _is_one(op: Op) -> bool:
    return op.values is not None and bool((op.values == 1).all())
