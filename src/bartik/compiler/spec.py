"""What a legal graph and a legal loop nest are; run after every pass and every schedule."""

from __future__ import annotations

import numpy as np

from bartik.compiler.graph import BINARY, KINDS, SLOPED, UNARY, Graph, Op
from bartik.compiler.loops import LANES, Add, Bin, Buffer, Call, Expr, Extern, For, Invoke, Let, Load, Nest, Num, Stmt, Store, Var
from bartik.core import Array, BartikError

_ARGUMENTS = (
    dict.fromkeys((*UNARY, "identity", "stored", "dense", "pick"), 1) | dict.fromkeys(BINARY, 2) | {"select": 3, "input": 0, "constant": 0}
)

_APART = {"lanes": (0, 0), "step": (0, 0)}
"""Distances to other elements of a loop in lanes, which are its variable's too, and to other rows, which have memory of their own."""


class IllegalError(BartikError):
    """A graph or nest that breaks a rule: an error of the compiler, not of the model."""


def check_graph(graph: Graph) -> Graph:
    """``graph`` itself; `IllegalError` names the operator that breaks a rule."""
    known: dict[str, Op] = {}
    for op in graph.ops:
        _check_op(op, known, graph.real)
        known[op.name] = op
    for name in graph.outputs:
        _require(name in known, f"output {name} is made by no operator")
    inputs = [op for op in graph.ops if op.kind == "input"]
    _require(len(inputs) == len(graph.signature.inputs), "inputs are not those of the signature")
    _require(len(graph.outputs) == len(graph.signature.outputs), "outputs are not those of the signature")
    return graph


def check_nest(nest: Nest) -> Nest:
    """``nest`` itself; `IllegalError` names the statement that reads or writes where it may not."""
    for _, body in nest.body:
        _check_block(body, dict(_APART), set(), nest)
    return nest


def _check_op(op: Op, known: dict[str, Op], real: str) -> None:
    _require(op.kind in KINDS, f"{op}: unknown kind {op.kind!r}")
    _require(op.name not in known, f"{op}: made twice")
    _require(all(arg in known for arg in op.args), f"{op}: uses a value before it is made")
    _require(op.width >= 1, f"{op}: has no elements")
    wanted = _ARGUMENTS.get(op.kind, max(1, len(op.args)))
    _require(len(op.args) == wanted, f"{op}: wanted {wanted} arguments, got {len(op.args)}")
    widths = [known[arg].width for arg in op.args]
    if op.kind == "constant":
        _require(_fits(op.values, (op.width,), real), f"{op}: wanted {op.width} values of {real}, none of them NaN")
    elif op.kind == "dense":
        fits = _fits(op.weight, (widths[0], op.width), real) and _fits(op.bias, (op.width,), real)
        _require(fits, f"{op}: weight or bias do not fit")
        _require(op.activation in ("", *UNARY), f"{op}: unknown activation {op.activation!r}")
    elif op.kind == "pick":
        _require(len(op.places) == op.width and all(0 <= p < widths[0] for p in op.places), f"{op}: places out of range")
    elif op.kind == "concat":
        _require(sum(widths) == op.width, f"{op}: widths {widths} do not add up")
    elif op.kind == "kernel":
        _require(op.kernel is not None and op.kernel.width == op.width, f"{op}: has no kernel of this width")
        _require(not any(known[arg].kind == "constant" for arg in op.args), f"{op}: a kernel's arguments are in memory")
    elif op.kind in ("identity", "stored"):
        _require(widths == [op.width], f"{op}: another width than its argument")
    elif op.args:
        _require(op.width == max(widths) and all(w in (1, op.width) for w in widths), f"{op}: widths {widths} do not fit")
        _require(op.kind in SLOPED or not op.alpha, f"{op}: takes no alpha")


def _fits(values: Array | None, shape: tuple[int, ...], real: str) -> bool:
    return values is not None and values.dtype == real and values.shape == shape and not bool(np.isnan(values).any())


def _check_block(body: tuple[Stmt, ...], ranges: dict[str, tuple[int, int]], names: set[str], nest: Nest) -> None:
    names = set(names)
    for statement in body:
        match statement:
            case For():
                _require(statement.var not in ranges, f"for {statement.var}: the variable is taken")
                _require(0 <= statement.start < statement.stop and statement.step >= 1, f"for {statement.var}: runs over nothing")
                step = 1 if statement.kind == "lanes" else statement.step
                whole = statement.kind != "lanes" or (statement.stop - statement.start) % (statement.step * LANES) == 0
                _require(whole or statement.step == 1, f"for {statement.var}: several vectors at once, but not all of them whole")
                last = statement.start + (statement.stop - 1 - statement.start) // step * step
                _check_block(statement.body, ranges | {statement.var: (statement.start, last)}, names, nest)
            case Let():
                _check_value(statement.value, ranges, names, nest)
                names.add(statement.name)
            case Add():
                _require(statement.name in names, f"{statement.name} += : the name is not known")
                _check_value(statement.value, ranges, names, nest)
            case Store():
                _check_value(statement.value, ranges, names, nest)
                buffer = _buffer(nest, statement.buffer)
                _require(buffer.kind == "scratch", f"{statement.buffer}: is not written by a store")
                _check_index(buffer, statement.index, ranges, nest)
            case Extern():
                for name in statement.arguments:
                    _buffer(nest, name)
            case Invoke():
                _check_invoke(statement, nest)


def _check_invoke(call: Invoke, nest: Nest) -> None:
    for name in call.arguments:
        _buffer(nest, name)
    for name in (call.result, *call.scratch):
        _require(_buffer(nest, name).kind == "scratch", f"{name}: is not written by a kernel")


def _check_value(value: Expr, ranges: dict[str, tuple[int, int]], names: set[str], nest: Nest) -> None:
    match value:
        case Var():
            _require(value.name in names, f"{value.name}: the name is not known")
        case Load():
            _check_index(_buffer(nest, value.buffer), value.index, ranges, nest)
        case Bin():
            _check_value(value.left, ranges, names, nest)
            _check_value(value.right, ranges, names, nest)
        case Call():
            for argument in value.arguments:
                _check_value(argument, ranges, names, nest)
        case Num():
            _require(not value.whole and not np.isnan(value.value), f"{value}: an index or NaN as a value")


def _check_index(buffer: Buffer, index: Expr, ranges: dict[str, tuple[int, int]], nest: Nest) -> None:
    low, high = _interval(index, ranges, nest)
    _require(low >= 0 and high < buffer.size, f"{buffer.name}[{low}:{high + 1}]: outside of its {buffer.size} elements")


def _interval(index: Expr, ranges: dict[str, tuple[int, int]], nest: Nest) -> tuple[int, int]:
    match index:
        case Num():
            _require(index.whole, f"{index}: a float as an index")
            return int(index.value), int(index.value)
        case Var():
            _require(index.name in ranges, f"{index.name}: is no loop's variable")
            return ranges[index.name]
        case Bin():
            (a, b), (c, d) = _interval(index.left, ranges, nest), _interval(index.right, ranges, nest)
            _require(index.op in "+*", f"{index}: only sums and products are indices")
            return (a + c, b + d) if index.op == "+" else (a * c, b * d)
        case Load():
            table = _buffer(nest, index.buffer)
            _check_index(table, index.index, ranges, nest)
            _require(table.values is not None and table.values.dtype == np.int32, f"{table.name}: is no table of places")
            return (0, 0) if table.values is None else (int(table.values.min()), int(table.values.max()))
        case _:
            raise IllegalError(f"{index}: is no index")


def _buffer(nest: Nest, name: str) -> Buffer:
    _require(name in nest.buffers, f"{name}: no such buffer")
    return nest.buffers[name]


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise IllegalError(message)
