"""ONNX operators as operators of the graph: one small function each, by ONNX's name.

A function's keywords are the attributes it handles; any other is refused by name.
"""

from __future__ import annotations

import inspect

from bartik.compiler.operators import (  # noqa: F401 - each fills the table
    activations,
    arithmetic,
    conv,
    dense,
    einsum,
    extremes,
    fill,
    functions,
    indexing,
    normalise,
    pool,
    quantized,
    recurrent,
    reduce,
    resize,
    shape,
    trees,
)
from bartik.compiler.operators.builder import Builder as Builder
from bartik.compiler.operators.builder import Constant as Constant
from bartik.compiler.operators.builder import Node as Node
from bartik.compiler.operators.builder import Tensor as Tensor
from bartik.compiler.operators.builder import Value as Value
from bartik.compiler.operators.builder import WiderError as WiderError
from bartik.compiler.operators.builder import refuse
from bartik.compiler.operators.older import modern
from bartik.compiler.operators.table import BATCH_FIRST, OPERATORS, Operator
from bartik.compiler.operators.table import ML as ML
from bartik.compiler.operators.table import ML_OPERATORS as ML_OPERATORS

ILLEGAL = "is the model legal?"
"""How the refusal ends of what no legal model has: an attribute of another type, a shape that is none."""


def supported() -> list[str]:
    """Names of the ONNX operators this compiler has."""
    return sorted(OPERATORS)


def translate(builder: Builder, node: Node, inputs: list[Value | None], opset: int = 13) -> list[Value]:
    """The results of one node of this ``opset``; `UnsupportedError` names operator, node and what is missing."""
    node, inputs = modern(node, inputs, opset)
    function = OPERATORS.get(node.kind)
    if function is None:
        raise refuse(node, "is not compiled")
    _check_call(node, function, inputs)
    if node.kind in BATCH_FIRST and any(isinstance(v, Tensor) and builder.free and v.batch for v in inputs):
        raise refuse(node, "an input whose first axis is not the batch is not compiled")
    builder.node = node
    try:
        found = function(builder, *inputs, **node.attributes)
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError) as error:
        raise refuse(node, f"makes no sense ({type(error).__name__}: {str(error)[:80]!r}): {ILLEGAL}") from error
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
