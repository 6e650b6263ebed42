"""The functions of a header: one row, a block of rows, several blocks or rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bartik.compiler.emit.calls import called, called_together, held
from bartik.compiler.emit.expressions import Printer
from bartik.compiler.emit.reals import REALS
from bartik.compiler.emit.unit import Unit, internal, parameters
from bartik.compiler.loops import Extern, For, Invoke, Let, Nest, Stmt, invoked
from bartik.compiler.names import comment

MOST_ON_STACK = 1 << 18
"""Bytes of one row that lie on the stack."""

BETWEEN = ("take_same", "keep_answers")
"""Kernels that move rows between vectors: see `emit.sums`."""

MOST_TOGETHER = 1 << 16
"""Values a row of all blocks that are computed in one call."""

MOST_AT_ONCE = 1 << 20
"""Bytes of all rows by columns that are computed in one call."""


def function(nest: Nest, unit: Unit, head: str = "") -> str:
    """``block`` for as many rows as there are lanes; ``single`` for one row; or what a ``head`` of another name and parameters declares."""
    many, real = nest.schedule == "rows", REALS[nest.real]
    arguments = ", ".join(parameters(unit, within=True))
    top = f"`lanes` rows at once; may read up to three {real.kind}s beyond the last row." if many else "One row, its elements in the lanes."
    kind = "Lanes" if many else real.kind
    given = not many and is_wide(nest)
    size = nest.scratch + (0 if many else 16)
    memory = [] if given else [f"  alignas(64) {kind} scratch[{size}];", *([] if many else [f"  clear<{size}>(scratch);"])]
    usual = f"static inline void {'block' if many else 'single'}({arguments}{f', {real.kind}* scratch' if given else ''}) noexcept {{"
    lines = [f"// {top}", head or usual, *memory, *_pointers(nest, kind)]
    printer = Printer(nest, REALS[nest.real].number)
    for note, body in nest.body:
        lines.append(f"  // {comment(note)}")
        for statement in body:
            lines += _statement(statement, printer, unit, nest)
    return "\n".join([*lines, "}\n"])


def _statement(statement: Stmt, printer: Printer, unit: Unit, nest: Nest) -> list[str]:
    many = nest.schedule == "rows"
    match statement:
        case Extern():
            return [_extern(statement, unit, REALS[nest.real].kind, many=many)]
        case Invoke():
            return [f"  {called_together(statement, '1', '0') if many and statement.together else called(statement, nest.real)};"]
        case _:
            return printer.statement(statement, "  ")


def several(nest: Nest, count: int) -> bool:
    """Whether ``count`` blocks, or rows by columns, are computed in one call: a kernel gains from it, and their memory is a stack's."""
    if nest.schedule == "rows":
        small = count * nest.scratch <= MOST_TOGETHER
    else:
        small = not is_wide(nest) and count * nest.scratch * REALS[nest.real].size <= MOST_AT_ONCE
    return count > 1 and small and any(_shared(call, nest) for call in invoked(nest))


def _shared(statement: Stmt, nest: Nest) -> bool:
    """Whether it is done for all blocks or rows of a call at once."""
    match statement:
        case Invoke():
            return statement.together and statement.lanes == (nest.schedule == "rows") and statement.real == nest.real
        case For(body=(Let(), *_)):
            return nest.schedule == "columns"
        case _:
            return False


def blocks(nest: Nest, unit: Unit, count: int) -> str:
    """`blocks`, for ``count`` of them, or `several`, for as many rows: what is not shared is done for one after the other."""
    printer, many, real = Printer(nest, REALS[nest.real].number), nest.schedule == "rows", REALS[nest.real].kind
    top = f"`{count} * lanes` rows at once; may read up to three {real}s beyond the last row." if many else f"{count} rows at once."
    lines = [f"// {top}", f"static inline void {'blocks' if many else 'several'}({', '.join(parameters(unit, within=True))}) noexcept {{"]
    kind, size = ("Lanes", f"{count} * step") if many else (real, f"{count} * step + 16")
    lines += [f"  constexpr {'std::size_t' if many else 'int'} step = {nest.scratch};", f"  alignas(64) {kind} all_scratch[{size}];"]
    lines += [] if many else [f"  clear<{size}>(all_scratch);"]
    part: list[str] = []
    for note, body in nest.body:
        part.append(f"  // {comment(note)}")
        for statement in body:
            if _shared(statement, nest):
                text = _together(statement, printer, count, many=many)
                lines += [*_each_block(nest, unit, part, count), "  {", f"  {kind}* const scratch = all_scratch;"]
                lines += [*_pointers(nest, kind, text), *text, "  }"]
                part = []
            else:
                part += _statement(statement, printer, unit, nest)
    return "\n".join([*lines, *_each_block(nest, unit, part, count), "}\n"])


def _together(statement: Stmt, printer: Printer, count: int, *, many: bool) -> list[str]:
    if isinstance(statement, Invoke):
        return [f"  {called_together(statement, str(count) if many else f'std::integral_constant<int, {count}>()', 'step')};"]
    return printer.statement(statement, "  ")


def _each_block(nest: Nest, unit: Unit, body: list[str], count: int) -> list[str]:
    text = [line for line in body if not line.lstrip().startswith("//")]
    if not text:
        return body
    kind, size = ("Lanes", "lanes * ") if nest.schedule == "rows" else (REALS[nest.real].kind, "")
    rows = [
        f"  {'const ' if name.startswith('input') else ''}{t.kind}* const {name}_0 = {name} + block_0 * {size}{t.width};"
        for name, t in internal(unit)
        if _mentions(text, name)
    ]
    names = {name for name, _ in internal(unit)}
    moved = [re.sub(r"\b(input|output)_\d+\b", lambda m: f"{m[0]}_0" if m[0] in names else m[0], line) for line in body]
    head = [f"  for (std::size_t block_0 = 0; block_0 < {count}; ++block_0) {{", f"  {kind}* const scratch = all_scratch + block_0 * step;"]
    return [*head, *_pointers(nest, kind, text), *rows, *moved, "  }"]


def _mentions(text: Iterable[str], name: str) -> bool:
    return any(re.search(rf"\b{name}\b", line) for line in text)


def _pointers(nest: Nest, kind: str, text: Sequence[str] | None = None) -> Iterator[str]:
    """Where the values lie: all of them, or those that stand in ``text``."""
    for buffer in held(nest):
        if text is None or _mentions(text, buffer.name):
            yield f"  {kind}* const {buffer.name} = scratch + {buffer.place};"


def _extern(statement: Extern, unit: Unit, real: str, *, many: bool) -> str:
    source, target = statement.arguments
    ours, count = (source, target), statement.width
    if statement.function in BETWEEN:
        return f"  {statement.function}<{count}>({source}, {target});"
    kind = next(t.kind for word, t in internal(unit) if word in ours)
    if many:
        function = statement.function if kind == real == "float" else statement.function.replace("rows", "numbers")
        return f"  {function}<{count}>({source}, {target});"
    to, start = (target, source) if statement.function == "load_rows" else (source, target)
    if kind == real:
        return f"  std::memcpy({to}, {start}, {count} * sizeof({real}));"
    value = f"{real}({start}[j])" if statement.function == "load_rows" else f"{kind}({start}[j])"
    return f"  for (int j = 0; j < {count}; ++j) {to}[j] = {value};"


def is_wide(columns: Nest) -> bool:
    """Whether one row needs more memory than belongs on a stack: the caller gives it."""
    return columns.scratch * REALS[columns.real].size > MOST_ON_STACK
