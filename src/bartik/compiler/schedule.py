"""Nest to nest: what lies in the lanes of the machine's vectors.

`by_rows`, for many rows: each lane is a row. Outputs of a dense layer are computed a tile at a time, so that a value read
once serves all outputs of the tile and the sums stay in registers.
`by_columns`, for one row: each lane is an output. On a processor several vectors of outputs are summed at once, where there are
many: more of a line of weights is read at once, and no sum waits for itself.
`by_columns_of`, for several rows of a model whose kernels do not take rows in lanes: weights are read once for all of them.

All add the same products in the same order, in segments of the inputs whose sums are then added one to the other: a sum
in one chain would wait for itself when there is only one row. A row's result therefore does not depend on its schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from bartik.compiler.loops import LANES, Add, Bin, Call, Expr, For, Let, Load, Nest, Num, Stmt, Store, Var, invoked
from bartik.compiler.spec import IllegalError, check_nest

TILE = 8
"""Most outputs of a tile unless told otherwise: as many sums hide the latency of a fused multiply-add (4 cycles, two at once), and with
what they are made of they fit 16 registers."""
SEGMENT = 4
"""Fewest inputs of a segment."""
SEGMENTS = 4
"""Most segments of a sum."""
VECTORS = 4
"""Vectors of outputs that are summed at once for one row."""
LARGEST_BLOCK = 1 << 14
"""Values a row up to which blocks of rows are computed: 1 MB of stack with 16 lanes."""


def has_block(nest: Nest) -> bool:
    """Whether rows are computed in blocks: every kernel takes them so, computes as the nest does, and a block's memory is a stack's."""
    return nest.scratch <= LARGEST_BLOCK and all(call.lanes and call.real == nest.real for call in invoked(nest))


def by_rows(nest: Nest, tile: int = TILE) -> Nest:
    """Each lane a row; at most ``tile`` outputs of a dense layer at once."""
    body = tuple((comment, tuple(s for statement in body for s in _tile(statement, tile))) for comment, body in nest.body)
    return check_nest(replace(nest, body=body, schedule="rows"))


def by_columns(nest: Nest, vectors: int = 1) -> Nest:
    """Each lane an element of the only row; ``vectors`` vectors of a dense layer's outputs at once, where it has so many."""
    body = tuple((comment, tuple(s for statement in body for s in _in_lanes(statement, vectors))) for comment, body in nest.body)
    return check_nest(replace(nest, body=body, schedule="columns"))


def by_columns_of(nest: Nest, rows: int) -> Nest:
    """`by_columns`, a dense layer for several ``rows`` at once, whose values lie ``step`` apart; all else is of the first."""
    scratch = frozenset(buffer.name for buffer in nest.buffers.values() if buffer.kind == "scratch")
    body = tuple((comment, tuple(s for statement in body for s in _for_rows(statement, rows, scratch))) for comment, body in nest.body)
    return check_nest(replace(nest, body=body, schedule="columns"))


def segments(inputs: int) -> list[tuple[int, int]]:
    """The inputs of one sum, cut into a few ranges of nearly the same length."""
    count = max(1, min(SEGMENTS, inputs // SEGMENT))
    edges = [round(inputs * part / count) for part in range(count + 1)]
    return [(edges[part], edges[part + 1]) for part in range(count)]


def tiles(outputs: int, most: int = TILE) -> list[tuple[int, int, int]]:
    """Ranges ``(start, stop, size)`` of the outputs in tiles of one size, at most ``most``; two sizes, one apart, where they must."""
    count = -(-outputs // most)
    small, larger = divmod(outputs, count)
    middle = larger * (small + 1)
    return [(start, stop, size) for start, stop, size in ((0, middle, small + 1), (middle, outputs, small)) if start < stop]


def _tile(statement: Stmt, most: int) -> list[Stmt]:
    match statement:
        case For(body=(Let() as start, For(body=(Add() as product,)) as over, Store() as end)):
            return [_one_tile(statement, start, over, product, end, tile) for tile in tiles(statement.stop, most)]
        case _:
            return [statement]


def _one_tile(loop: For, start: Let, over: For, product: Add, end: Store, tile: tuple[int, int, int]) -> For:
    first, stop, size = tile
    outputs = {str(k): _shift(loop.var, affine_shift(loop.var, k)) for k in range(size)}
    return For(loop.var, stop, _sums(start, over, product, end, outputs), start=first, step=size)


def _sums(start: Let, over: For, product: Add, end: Store, copies: Mapping[str, Callable[[Expr], Expr]]) -> tuple[Stmt, ...]:
    """Several sums at once, segment by segment: by the ends of their names, what each makes of the expressions of one."""
    sums = [f"{start.name}{k}" for k in copies]
    body: list[Stmt] = [Let(name, copy(start.value)) for name, copy in zip(sums, copies.values(), strict=True)]
    for part, (low, high) in enumerate(segments(over.stop)):
        names = sums if part == 0 else [f"part{part}_{k}".rstrip("_") for k in copies]
        body += [Let(name, Num(0.0)) for name in names] if part else []
        adds = tuple(Add(name, copy(product.value)) for name, copy in zip(names, copies.values(), strict=True))
        body.append(For(over.var, high, adds, start=low))
        body += [Add(total, Var(name)) for total, name in zip(sums, names, strict=True)] if part else []
    for name, copy in zip(sums, copies.values(), strict=True):
        to = copy(Load(end.buffer, end.index))
        assert isinstance(to, Load)  # noqa: S101 - a copy of a load is one
        body.append(Store(to.buffer, to.index, _replace(copy(end.value), start.name, Var(name))))
    return tuple(body)


def _in_lanes(statement: Stmt, vectors: int) -> list[Stmt]:
    match statement:
        case For(body=(Let() as start, For(body=(Add() as product,)) as over, Store() as end)):
            whole = statement.stop // (vectors * LANES) * vectors * LANES if vectors > 1 else 0
            found: list[Stmt] = []
            if whole:
                outputs = {str(k): _shift(statement.var, _behind(Var(statement.var), k, "lanes")) for k in range(vectors)}
                found.append(For(statement.var, whole, _sums(start, over, product, end, outputs), step=vectors, kind="lanes"))
            if whole < statement.stop:
                found.append(
                    replace(statement, start=whole, body=_sums(start, over, product, end, {"": lambda value: value}), kind="lanes")
                )
            return found
        case For():
            return [replace(statement, kind="lanes")]
        case _:
            return [statement]


def _for_rows(statement: Stmt, rows: int, scratch: frozenset[str]) -> list[Stmt]:
    match statement:
        case For(body=(Let() as start, For(body=(Add() as product,)) as over, Store() as end)):
            copies = {str(k): partial(_of_row, number=k, scratch=scratch) for k in range(rows)}
            return [replace(statement, body=_sums(start, over, product, end, copies), kind="lanes")]
        case For(body=(Let(), *_)):
            raise IllegalError(f"for {statement.var}: no sum of products, which is not computed for several rows at once")
        case _:
            return _in_lanes(statement, 1)


def _of_row(value: Expr, number: int, scratch: frozenset[str]) -> Expr:
    """``value`` of another row."""
    match value:
        case Load():
            return Load(value.buffer, _behind(value.index, number, "step") if value.buffer in scratch else value.index)
        case Bin():
            return Bin(value.op, _of_row(value.left, number, scratch), _of_row(value.right, number, scratch))
        case Call():
            return Call(value.function, tuple(_of_row(argument, number, scratch) for argument in value.arguments))
        case _:
            return value


def _behind(index: Expr, number: int, unit: str) -> Expr:
    """``index + number * unit``."""
    return index if number == 0 else Bin("+", index, Bin("*", Num(number, whole=True), Var(unit)))


def _shift(var: str, to: Expr) -> Callable[[Expr], Expr]:
    return lambda value: _replace(value, var, to)


def affine_shift(var: str, offset: int) -> Expr:
    """``var + offset``."""
    return Var(var) if offset == 0 else Bin("+", Var(var), Num(offset, whole=True))


def _replace(value: Expr, name: str, by: Expr) -> Expr:
    """``value`` with ``by`` in the place of the variable ``name``."""
    match value:
        case Var():
            return by if value.name == name else value
        case Load():
            return Load(value.buffer, _replace(value.index, name, by))
        case Bin():
            return Bin(value.op, _replace(value.left, name, by), _replace(value.right, name, by))
        case Call():
            return Call(value.function, tuple(_replace(argument, name, by) for argument in value.arguments))
        case _:
            return value
