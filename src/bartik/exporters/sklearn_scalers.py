"""scikit-learn's scalers that compute a float32 row in float64 and round after each step: written so, step by step.

skl2onnx 1.20 writes them in float32, and a division as a product with the inverse: up to a float32 step away, which is enough to carry
a value across the cut of a tree behind it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler

from bartik.core import Array

KINDS = (MaxAbsScaler, MinMaxScaler, RobustScaler)


def write_scaler(scope: Any, operator: Any, container: Any) -> None:
    """The nodes of one of `KINDS`, in the form in which skl2onnx asks for them."""
    last = operator.outputs[0].full_name
    value = operator.inputs[0].full_name
    kept = TensorProto.DOUBLE if isinstance(operator.inputs[0].type, DoubleTensorType) else TensorProto.FLOAT
    for kind, constant in _steps(operator.raw_operator):
        name = scope.get_unique_variable_name("scaler_constant")
        container.add_initializer(name, TensorProto.DOUBLE, [1, len(constant)], constant.astype(np.float64).tolist())
        wide = _node(scope, container, "Cast", [value], to=TensorProto.DOUBLE)
        rounded = _node(scope, container, "Cast", [_node(scope, container, kind, [wide, name])], to=TensorProto.FLOAT)
        value = _node(scope, container, "Cast", [rounded], to=kept)
    container.add_node("Identity", [value], [last], name=scope.get_unique_operator_name("scaled"))


def scaler_shape(operator: Any) -> None:
    """As many columns come out as went in, of the same type."""
    operator.outputs[0].type = operator.inputs[0].type


def _steps(scaler: Any) -> list[tuple[str, Array]]:
    if isinstance(scaler, MinMaxScaler):
        clipped = [("Max", np.broadcast_to(scaler.feature_range[0], scaler.min_.shape))] if scaler.clip else []
        clipped += [("Min", np.broadcast_to(scaler.feature_range[1], scaler.min_.shape))] if scaler.clip else []
        return [("Mul", scaler.scale_), ("Add", scaler.min_), *clipped]
    if isinstance(scaler, MaxAbsScaler):
        return [("Div", scaler.scale_)]
    return [(kind, array) for kind, array in (("Sub", scaler.center_), ("Div", scaler.scale_)) if array is not None]


def _node(scope: Any, container: Any, kind: str, inputs: list[str], **attributes: Any) -> str:
    output = str(scope.get_unique_variable_name("scaler"))
    container.add_node(kind, inputs, [output], name=scope.get_unique_operator_name(kind), **attributes)
    return output
