"""Dense layers: for each output, the bias, then one product after the other, then the activation."""

from __future__ import annotations

from bartik.compiler.graph import Op
from bartik.compiler.loops import Add, Bin, Expr, For, Let, Load, Num, Stmt, Store, Var
from bartik.compiler.lower.elementwise import activation
from bartik.compiler.lower.scope import Scope
from bartik.compiler.passes.plan_memory import ALIGNMENT


def lower_dense(op: Op, scope: Scope) -> tuple[Stmt, ...]:
    """Weights lie input by input, so that the weights of neighbouring outputs are neighbours."""
    assert op.weight is not None  # noqa: S101 - a dense has one
    assert op.bias is not None  # noqa: S101 - likewise
    inputs, outputs = op.weight.shape
    weight = scope.constant(f"weight_{op.name}", op.weight, f"[{inputs} inputs][{outputs} outputs, then zeros]")
    start: Expr = Load(scope.constant(f"bias_{op.name}", op.bias), Var("j")) if op.bias.any() else Num(0.0)
    stride = -(-outputs // ALIGNMENT) * ALIGNMENT
    place = Bin("+", Bin("*", Var("i"), Num(stride, whole=True)), Var("j"))
    product = Bin("*", Load(weight, place), Load(op.args[0], Var("i")))
    total: Expr = Var("sum")
    result = activation(op.activation, total, op.alpha) if op.activation else total
    body = (Let("sum", start), For("i", inputs, (Add("sum", product),)), Store(op.name, Var("j"), result))
    return (For("j", outputs, body),)
