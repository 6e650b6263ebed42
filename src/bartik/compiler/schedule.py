"""Nest to nest: what lies in the lanes of the machine's vectors.

`by_rows`, for many rows: each lane is a row. Outputs of a dense layer are computed a tile at a time, so that a value read
once serves all outputs of the tile and the sums stay in registers.
`by_columns`, for one row: each lane is an output.

Both add the same products in the same order, in segments of the inputs whose sums are then added one to the other: a sum
in one chain would wait for itself when there is only one row. A row's result therefore does not depend on its schedule.
"""

from __future__ import annotations

from dataclasses import replace

from bartik.compiler.loops import Add, Bin, Call, Expr, For, Let, Load, Nest, Num, Stmt, Store, Var, invoked
from bartik.compiler.spec import check_nest

TILE = 8
"""Most outputs of a tile unless told otherwise: as many sums hide the latency of a fused multiply-add (4 cycles, two at once), and with
what they are made of they fit 16 registers."""
SEGMENT = 4
"""Fewest inputs of a segment."""
SEGMENTS = 4
"""Most segments of a sum."""
LARGEST_BLOCK = 1 << 14
"""Values a row up to which blocks of rows are computed: 1 MB of stack with 16 lanes."""


def has_block(nest: Nest) -> bool:
    """Whether rows are computed in blocks: every kernel takes them so, computes as the nest does, and a block's memory is a stack's."""
    return nest.scratch <= LARGEST_BLOCK and all(call.lanes and call.real == nest.real for call in invoked(nest))


def by_rows(nest: Nest, tile: int = TILE) -> Nest:
    """Each lane a row; at most ``tile`` outputs of a dense layer at once."""
    body = tuple((comment, tuple(s for statement in body for s in _tile(statement, tile))) for comment, body in nest.body)
    return check_nest(replace(nest, body=body, schedule="rows"))


def by_columns(nest: Nest) -> Nest:
    """Each lane an element of the only row."""
    body = tuple((comment, tuple(_in_lanes(statement) for statement in body)) for comment, body in nest.body)
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
    sums = [f"{start.name}{k}" for k in range(size)]
    shifted = [affine_shift(loop.var, k) for k in range(size)]
    body: list[Stmt] = [Let(name, _replace(start.value, loop.var, at)) for name, at in zip(sums, shifted, strict=True)]
    for part, (low, high) in enumerate(segments(over.stop)):
        names = sums if part == 0 else [f"part{part}_{k}" for k in range(size)]
        body += [Let(name, Num(0.0)) for name in names] if part else []
        adds = tuple(Add(name, _replace(product.value, loop.var, at)) for name, at in zip(names, shifted, strict=True))
        body.append(For(over.var, high, adds, start=low))
        body += [Add(total, Var(name)) for total, name in zip(sums, names, strict=True)] if part else []
    for name, at in zip(sums, shifted, strict=True):
        value = _replace(_replace(end.value, loop.var, at), start.name, Var(name))
        body.append(Store(end.buffer, _replace(end.index, loop.var, at), value))
    return For(loop.var, stop, tuple(body), start=first, step=size)


def _in_lanes(statement: Stmt) -> Stmt:
    match statement:
        case For(body=(Let() as start, For(body=(Add() as product,)) as over, Store() as end)):
            body: list[Stmt] = [start]
            for part, (low, high) in enumerate(segments(over.stop)):
                name = start.name if part == 0 else f"part{part}"
                body += [Let(name, Num(0.0))] if part else []
                body.append(For(over.var, high, (replace(product, name=name),), start=low))
                body += [Add(start.name, Var(name))] if part else []
            return replace(statement, body=(*body, end), kind="lanes")
        case For():
            return replace(statement, kind="lanes")
        case _:
            return statement


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
