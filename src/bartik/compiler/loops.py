"""The loop nest, whole: what is computed for the rows of one block, as loops over the elements of a row.

::

    statement  For(var, stop, body, step, kind)   Let(name, value)   Add(name, value)   Store(buffer, index, value)
               Extern(function, arguments)   Invoke(function, parameters, arguments, result, scratch)
    value      Num  Var  Load(buffer, index)  Bin(op, left, right)  Call(function, arguments)

A ``Num`` with ``whole`` is an index; all others are floats. ``Add`` is ``name += value``. A loop of kind ``lanes`` computes
neighbouring elements at once; its ``step`` counts vectors. What a buffer holds for one element (a float, or a float of each row of a
block) is the schedule's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bartik.core import Array

LANES = 16
"""Floats of the longest vector."""


@dataclass(frozen=True)
class Num:
    """A number."""

    value: float
    whole: bool = False


@dataclass(frozen=True)
class Var:
    """A loop's variable or what a ``Let`` names."""

    name: str


@dataclass(frozen=True)
class Load:
    """One element of a buffer."""

    buffer: str
    index: Expr


@dataclass(frozen=True)
class Bin:
    """``left op right`` with ``op`` one of ``+ - * /``."""

    op: Literal["+", "-", "*", "/"]
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Call:
    """A kernel's function of values."""

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class For:
    """``body`` for ``var`` from ``start`` to below ``stop``."""

    var: str
    stop: int
    body: tuple[Stmt, ...]
    start: int = 0
    step: int = 1
    kind: Literal["serial", "lanes"] = "serial"


@dataclass(frozen=True)
class Let:
    """A new name for a value, within the loop it stands in."""

    name: str
    value: Expr


@dataclass(frozen=True)
class Add:
    """``name += value``; a product is fused."""

    name: str
    value: Expr


@dataclass(frozen=True)
class Store:
    """Write one element of a buffer."""

    buffer: str
    index: Expr
    value: Expr


@dataclass(frozen=True)
class Extern:
    """A kernel that moves whole rows; arguments are names of buffers, and ``width`` how many values a row has."""

    function: str
    arguments: tuple[str, ...]
    width: int


@dataclass(frozen=True)
class Invoke:
    """A hand-written kernel, computed in ``real``: ``function<parameters...>(arguments..., result, scratch)``, names of buffers."""

    function: str
    parameters: tuple[int | str, ...]
    arguments: tuple[str, ...]
    result: str
    scratch: tuple[str, ...] = ()
    header: str = ""
    lanes: bool = False
    together: bool = False
    real: str = "float32"


Expr: TypeAlias = Num | Var | Load | Bin | Call
Stmt: TypeAlias = For | Let | Add | Store | Extern | Invoke


@dataclass(frozen=True, eq=False)
class Buffer:
    """Named memory: ``input`` and ``output`` rows of the caller, ``scratch`` at ``place``, or a ``constant`` with its ``values``."""

    name: str
    size: int
    kind: Literal["input", "output", "scratch", "constant"]
    place: int = 0
    values: Array | None = None
    comment: str = ""


@dataclass(frozen=True, eq=False)
class Nest:
    """The statements for one block, with a line of comment before those that begin an operator, and the buffers they use.

    ``schedule`` is what lies in the lanes: nothing yet (``""``), the ``rows`` of a block, or the ``columns`` of one row. ``real`` is what
    all is computed in, some kernels apart.
    """

    body: tuple[tuple[str, tuple[Stmt, ...]], ...]
    buffers: Mapping[str, Buffer]
    scratch: int
    schedule: Literal["", "rows", "columns"] = ""
    real: str = "float32"

    def __str__(self) -> str:
        """The nest as indented text."""
        lines = [f"for each {'row' if self.schedule == 'columns' else 'block of rows'}:" if self.schedule else "for each row:"]
        for comment, statements in self.body:
            lines += [f"  # {comment}", *(line for statement in statements for line in format_statement(statement, "  "))]
        return "\n".join(lines) + "\n"


def affine(var: str, scale: int = 1, offset: int = 0) -> Expr:
    """``var * scale + offset``, as short as it can be."""
    scaled: Expr = Var(var) if scale == 1 else Bin("*", Var(var), Num(scale, whole=True))
    return scaled if offset == 0 else Bin("+", scaled, Num(offset, whole=True))


def subexpressions(value: Expr) -> Iterator[Expr]:
    """``value`` and all it is made of, indices included."""
    yield value
    if isinstance(value, Load):
        yield from subexpressions(value.index)
    elif isinstance(value, Bin):
        yield from subexpressions(value.left)
        yield from subexpressions(value.right)
    elif isinstance(value, Call):
        for argument in value.arguments:
            yield from subexpressions(argument)


def statements(body: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """All statements of ``body``, outer before inner."""
    for statement in body:
        yield statement
        if isinstance(statement, For):
            yield from statements(statement.body)


def calls(nest: Nest) -> set[str]:
    """The kernel functions a nest uses."""
    found: set[str] = set()
    for _, body in nest.body:
        for statement in statements(body):
            if isinstance(statement, Let | Add | Store):
                found |= {e.function for e in subexpressions(statement.value) if isinstance(e, Call)}
    return found


def invoked(nest: Nest) -> list[Invoke]:
    """The hand-written kernels that a nest calls."""
    return [statement for _, body in nest.body for statement in statements(body) if isinstance(statement, Invoke)]


def format_statement(statement: Stmt, indent: str) -> list[str]:
    """One statement as lines."""
    match statement:
        case For():
            head = f"{indent}for {statement.var} in {statement.start}:{statement.stop}" + (
                f":{statement.step}" if statement.step != 1 else ""
            )
            inner = [line for s in statement.body for line in format_statement(s, indent + "  ")]
            return [head + (" in lanes:" if statement.kind == "lanes" else ":"), *inner]
        case Let():
            return [f"{indent}{statement.name} = {format_value(statement.value)}"]
        case Add():
            return [f"{indent}{statement.name} += {format_value(statement.value)}"]
        case Store():
            return [f"{indent}{statement.buffer}[{format_value(statement.index)}] = {format_value(statement.value)}"]
        case Extern():
            return [f"{indent}{statement.function}({', '.join(statement.arguments)})"]
        case Invoke():
            names = ", ".join((*statement.arguments, *statement.scratch))
            return [f"{indent}{statement.result} = {statement.function}<{', '.join(map(str, statement.parameters))}>({names})"]


def format_value(value: Expr) -> str:
    """An expression as text."""
    match value:
        case Num():
            return f"{value.value:.9g}"
        case Var():
            return value.name
        case Load():
            return f"{value.buffer}[{format_value(value.index)}]"
        case Bin():
            return f"({format_value(value.left)} {value.op} {format_value(value.right)})"
        case Call():
            return f"{value.function}({', '.join(format_value(a) for a in value.arguments)})"
