"""Elementwise operators: one expression for each element, with those of their arguments that nobody else reads inside."""

from __future__ import annotations

from typing import Literal

from bartik.compiler.graph import SLOPED, Op, is_range
from bartik.compiler.loops import Bin, Call, Expr, For, Load, Num, Stmt, Store, Var, affine
from bartik.compiler.lower.scope import Scope

_SIGNS: dict[str, Literal["+", "-", "*", "/"]] = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def lower_elementwise(op: Op, scope: Scope) -> tuple[Stmt, ...]:
    """One loop over the elements of the value; a pick is read element by element."""
    return (For("j", op.width, (Store(op.name, Var("j"), expression(op, scope, "j", 0)),)),)


def value_at(op: Op, scope: Scope, var: str, offset: int) -> Expr:
    """Element ``var + offset`` of a value: from memory, or computed."""
    if op.values is not None:
        return _constant(op, scope, var, offset)
    if op.name in scope.inlined:
        return expression(op, scope, var, offset)
    return Load(op.name, Num(0, whole=True) if op.width == 1 else affine(var, 1, offset))


def expression(op: Op, scope: Scope, var: str, offset: int) -> Expr:
    """What ``op`` does, for element ``var + offset``."""
    if op.kind == "pick":
        source = scope.ops[op.args[0]]
        if is_range(op.places):
            return value_at(source, scope, var, offset + op.places[0]) if source.width > 1 else value_at(source, scope, var, 0)
        return Load(source.name, scope.table(op, var, offset))
    args = [value_at(scope.ops[arg], scope, var, offset) for arg in op.args]
    if op.kind == "stored":
        return args[0]
    if op.kind in _SIGNS:
        return Bin(_SIGNS[op.kind], args[0], args[1])
    if op.kind == "select":
        return Call("select", tuple(args))
    return activation(op.kind, args[0], op.alpha) if len(args) == 1 else Call(op.kind, tuple(args))


def activation(kind: str, value: Expr, alpha: float) -> Expr:
    """A function of one value."""
    if kind == "neg":
        return Bin("*", Num(-1.0), value)
    if kind == "not":
        return Bin("-", Num(1.0), value)
    return Call(kind, (value, Num(alpha))) if kind in SLOPED else Call(kind, (value,))


def _constant(op: Op, scope: Scope, var: str, offset: int) -> Expr:
    assert op.values is not None  # noqa: S101 - asked before
    if bool((op.values == op.values[0]).all()):
        return Num(float(op.values[0]))
    return Load(scope.constant(f"constant_{op.name}", op.values), affine(var, 1, offset))
