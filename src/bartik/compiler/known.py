"""What ONNX's own tools do before we read: nodes of constants computed, and operators that ONNX defines by others replaced by those."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx.inliner import inline_selected_functions
from onnx.reference import ReferenceEvaluator

from bartik.compiler.operators import Constant, Value, supported

_KINDS = frozenset({
    "Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Div", "Equal", "Exp", "Floor", "Greater", "GreaterOrEqual", "Less", "LessOrEqual",
    "Log", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Relu",
    "Round", "Sign", "Sqrt", "Sub", "Where", "Xor",
})  # fmt: skip
"""Those whose result is no larger than what their arguments broadcast to."""
_MOST = 1 << 22


def computed(node: onnx.NodeProto, inputs: list[Value | None], opset: int) -> list[Value] | None:
    """The results, where all arguments are numbers known now; nothing where they are not, or where the evaluator fails."""
    arrays = [value.array for value in inputs if isinstance(value, Constant) and not value.sizes]
    if node.op_type not in _KINDS or node.domain not in ("", "ai.onnx") or not inputs or len(arrays) != len(inputs):
        return None
    try:
        if np.prod(np.broadcast_shapes(*(array.shape for array in arrays))) > _MOST:
            return None
        with np.errstate(all="ignore"):
            found = ReferenceEvaluator(node, opsets={"": opset}).run(None, dict(zip(node.input, arrays, strict=True)))
    except Exception:  # noqa: BLE001 - each operator of the evaluator raises its own; the translation says what is wrong
        return None
    return [Constant(np.asarray(array)) for array in found]


def expanded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with each operator that we lack, but that ONNX defines as a function of others, as these others."""
    lacking = sorted({node.op_type for node in model.graph.node if node.domain in ("", "ai.onnx")} - {*supported()})
    defined = [("", kind) for kind in lacking if kind.isidentifier() and _is_function(kind)]
    if not defined:
        return model
    try:
        return inline_selected_functions(model, defined, inline_schema_functions=True)
    except Exception:  # noqa: BLE001 - it is C++ of others; what it cannot do is refused by name when it is read
        return model


def _is_function(kind: str) -> bool:
    if not onnx.defs.has(kind):
        return False
    schema: Any = onnx.defs.get_schema(kind)  # the stubs lack these two
    return bool(schema.has_function or schema.has_context_dependent_function)
