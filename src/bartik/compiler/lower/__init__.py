"""Graph to loops: what each operator does to the elements of one row; every target starts from here."""

from __future__ import annotations

from bartik.compiler.graph import Graph, Op
from bartik.compiler.loops import Nest, Stmt
from bartik.compiler.lower.dense import lower_dense
from bartik.compiler.lower.elementwise import lower_elementwise
from bartik.compiler.lower.kernel import lower_kernel
from bartik.compiler.lower.scope import Scope
from bartik.compiler.lower.shape import lower_concat, lower_input, lower_output
from bartik.compiler.spec import check_nest


def lower(graph: Graph) -> Nest:
    """The nest of a graph whose memory is planned."""
    scope = Scope(graph)
    body: list[tuple[str, tuple[Stmt, ...]]] = []
    for op in graph.ops:
        if op.kind != "constant" and op.name not in scope.inlined:
            scope.scratch(op)
            body.append((_comment(op, scope), _lower(op, scope)))
    body.append((f"return {', '.join(graph.outputs)}", lower_output(graph, scope)))
    return check_nest(Nest(tuple(body), scope.buffers, graph.scratch, real=graph.real))


def _lower(op: Op, scope: Scope) -> tuple[Stmt, ...]:
    match op.kind:
        case "input":
            return lower_input(op, scope)
        case "dense":
            return lower_dense(op, scope)
        case "concat":
            return lower_concat(op, scope)
        case "kernel":
            return lower_kernel(op, scope)
        case _:
            return lower_elementwise(op, scope)


def _comment(op: Op, scope: Scope) -> str:
    """The operator and those computed inside its expression."""
    parts, pending = [str(op)], list(op.args)
    while pending:
        name = pending.pop(0)
        if name in scope.inlined:
            parts.append(str(scope.ops[name]))
            pending += scope.ops[name].args
    return "; ".join(parts)
