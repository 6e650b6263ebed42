"""Hand-written kernels: one call, with the tables they read and the memory they want."""

from __future__ import annotations

from bartik.compiler.graph import Op
from bartik.compiler.kernel import Together
from bartik.compiler.loops import Buffer, Invoke, Stmt
from bartik.compiler.lower.scope import Scope
from bartik.compiler.passes.plan_memory import scratch_name, scratch_room
from bartik.core import Array


def lower_kernel(op: Op, scope: Scope) -> tuple[Stmt, ...]:
    """The call of a kernel."""
    kernel = op.kernel
    assert kernel is not None  # noqa: S101 - a kernel has one
    tables = tuple(scope.constant(f"{name}_{op.name}", _in_real(table.reshape(-1), op.real)) for name, table in kernel.constants().items())
    scratch: tuple[str, ...] = ()
    if size := scratch_room(op):
        name = scratch_name(op)
        scope.buffers[name] = Buffer(name, size, "scratch", scope.graph.places[name])
        scratch = (name,)
    together = isinstance(kernel, Together) and kernel.together
    arguments = (*op.args, *tables)
    return (Invoke(kernel.function, kernel.parameters(), arguments, op.name, scratch, kernel.header, kernel.lanes, together, op.real),)


def _in_real(table: Array, real: str) -> Array:
    return table.astype(real) if table.dtype.kind == "f" else table
