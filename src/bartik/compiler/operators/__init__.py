"""ONNX operators as operators of the graph: one small function each, by ONNX's name.

A function's keywords are the attributes it handles; any other is refused by name.
"""

from __future__ import annotations

import inspect

from bartik.compiler.operators import activations, arithmetic, dense, shape  # noqa: F401 - each fills the table
from bartik.compiler.operators.builder import Builder as Builder
from bartik.compiler.operators.builder import Constant as Constant
from bartik.compiler.operators.builder import Node as Node
from bartik.compiler.operators.builder import Tensor as Tensor
from bartik.compiler.operators.builder import Value as Value
from bartik.compiler.operators.builder import refuse
from bartik.compiler.operators.table import BATCH_ANYWHERE, OPERATORS, Operator


def supported() -> list[str]:
    """Names of the ONNX operators this compiler has."""
    return sorted(OPERATORS)


def translate(builder: Builder, node: Node, inputs: list[Value | None]) -> list[Value]:
    """The results of one node; `UnsupportedError` names operator, node and what is missing."""
    function = OPERATORS.get(node.kind)
    if function is None:
        raise refuse(node, "is not compiled")
    _check_call(node, function, inputs)
    if node.kind not in BATCH_ANYWHERE and any(isinstance(value, Tensor) and value.shape[0] is not None for value in inputs):
        raise refuse(node, "an input whose first axis is not the batch is not compiled")
    builder.node = node
    found = function(builder, *inputs, **node.attributes)
    return found if isinstance(found, list) else [found]


def _check_call(node: Node, function: Operator, inputs: list[Value | None]) -> None:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    keywords = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    for name in node.attributes:
        if name not in keywords:
            raise refuse(node, f"attribute {name} is not compiled")
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    least = sum(p.default is p.empty for p in positional)
    many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if any(value is None for value in inputs[:least]) or len(inputs) < max(least, many) or (len(inputs) > len(positional) and not many):
        raise refuse(node, f"{len(inputs)} inputs are not compiled")
