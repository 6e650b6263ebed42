"""What only moves values: rows in, rows out, and values put side by side."""

from __future__ import annotations

from bartik.compiler.graph import Graph, Op
from bartik.compiler.loops import Extern, For, Stmt, Store, affine
from bartik.compiler.lower.elementwise import value_at
from bartik.compiler.lower.scope import Scope


def lower_input(op: Op, scope: Scope) -> tuple[Stmt, ...]:
    """The next of the caller's inputs into scratch memory."""
    source = scope.rows(f"input_{next(scope.inputs)}", op.width, "input")
    return (Extern("load_rows", (source, op.name), op.width),)


def lower_output(graph: Graph, scope: Scope) -> tuple[Stmt, ...]:
    """Values into the caller's outputs."""
    return tuple(
        Extern("store_rows", (scope.rows(f"output_{place}", scope.ops[name].width, "output"), name), scope.ops[name].width)
        for place, name in enumerate(graph.outputs)
    )


def lower_concat(op: Op, scope: Scope) -> tuple[Stmt, ...]:
    """One loop a part, in order: whole lanes of a part may reach into the next, which is written after."""
    loops: list[Stmt] = []
    start = 0
    for arg in op.args:
        part = scope.ops[arg]
        loops.append(For("j", part.width, (Store(op.name, affine("j", 1, start), value_at(part, scope, "j", 0)),)))
        start += part.width
    return tuple(loops)
