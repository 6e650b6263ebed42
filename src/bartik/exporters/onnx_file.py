"""An ONNX file as it is, where it takes rows: checked, tried, and given the reference outputs that a bundle needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from bartik.core import Array, Arrays, ExportError, Signature, TensorSpec
from bartik.core.compare import compare, worst
from bartik.core.spec import DTYPES
from bartik.exporters.canonical import canonical_bytes
from bartik.exporters.edge_cases import LARGE, edge_rows
from bartik.exporters.imported import Imported, evaluate

_ROWS = 64
_MAX_WIDTH = 100_000
_REFUSED = ("Loop", "Scan", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")
"""Operators that may never end, or give another answer each time."""


def is_onnx(content: bytes) -> bool:
    """Whether ``content`` is a serialised model with operators in it."""
    try:
        model = onnx.load_from_string(content)
    except Exception:  # noqa: BLE001 - protobuf's own, which differ from release to release
        return False
    return bool(model.graph.node) and bool(model.graph.output)


def read_onnx(path: Path, content: bytes) -> Imported:
    """The model ``content`` of ``path``; `ExportError` unless its inputs are rows float32 [batch, n], the batch free."""
    try:
        model = onnx.load_from_string(content)
    except Exception as error:  # protobuf's own, which differ from release to release
        raise ExportError(f"{path}: not readable as ONNX ({error})", hint="is the file whole?") from error
    _check(path, model)
    inputs = tuple(_input(path, value) for value in _fed(model))
    if not inputs:
        raise ExportError(f"{path}: has no input", hint="a bundle answers rows: give the whole model, not one that makes its own data")
    signature = Signature(inputs, tuple(_output(path, value) for value in model.graph.output))
    canonical = canonical_bytes(model)

    def run(given: Arrays) -> Arrays:
        try:
            return evaluate(canonical, signature, given)
        except Exception as error:  # each operator of the evaluator raises its own
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise ExportError(f"{path}: ONNX's reference evaluator cannot run it ({first})") from error

    rows = _rows(signature)
    outputs = run(rows)
    _check_rows(path, signature, rows, outputs, run({name: array[:1] for name, array in rows.items()}))
    operators = sorted({node.op_type for node in model.graph.node})
    about = {"source": path.name, "format": "ONNX", "producer": model.producer_name, "operators": operators}
    return Imported(path, signature, _finite(path, rows, outputs), run, {"as it is": lambda: model}, about)


def _fed(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def _check(path: Path, model: onnx.ModelProto) -> None:
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise ExportError(f"{path}: its weights are in other files", hint="save it with save_as_external_data=False")
    refused = next((node for node in model.graph.node if node.op_type in _REFUSED), None)
    if refused is not None:
        raise ExportError(f"{path}: node {refused.name!r} is a {refused.op_type}: a bundle must give the same answer each time, and end")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"{path}: no legal ONNX ({str(error).splitlines()[0]})") from error
    except Exception as error:  # the checker's C++ side raises its own for some broken files
        raise ExportError(f"{path}: no legal ONNX ({type(error).__name__})") from error


def _input(path: Path, value: onnx.ValueInfoProto) -> TensorSpec:
    dtype, axes = _type(path, value)
    fits = dtype == "float32" and len(axes) == 2 and isinstance(axes[1], int) and 0 < axes[1] <= _MAX_WIDTH
    if not fits:
        hint = "wrap it as a use case of its own to say what its inputs are"
        raise ExportError(f"{path}: input {value.name!r} is {_shown(dtype, axes)}, not rows float32[batch, n] with n fixed", hint=hint)
    if isinstance(axes[0], int):
        hint = "export it with its first axis free (dynamic)"
        raise ExportError(f"{path}: input {value.name!r} is {_shown(dtype, axes)}: its batch is fixed", hint=hint)
    return TensorSpec(value.name, dtype, ("batch", axes[1]))


def _output(path: Path, value: onnx.ValueInfoProto) -> TensorSpec:
    dtype, axes = _type(path, value)
    if not axes or any(not isinstance(axis, int) or axis <= 0 for axis in axes[1:]):
        raise ExportError(f"{path}: output {value.name!r} is {_shown(dtype, axes)}, not one fixed set of values for each row")
    return TensorSpec(value.name, dtype, ("batch", *axes[1:]))


def _type(path: Path, value: onnx.ValueInfoProto) -> tuple[str, tuple[int | str, ...]]:
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        raise ExportError(f"{path}: {value.name!r} is no tensor of known shape")
    tensor = value.type.tensor_type
    names = {int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(name))): name for name in DTYPES}
    if tensor.elem_type not in names:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type) if tensor.elem_type in onnx.TensorProto.DataType.values() else "?"
        raise ExportError(f"{path}: {value.name!r} holds {kind.lower()}, which no bundle holds")
    axes = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else d.dim_param or "batch" for d in tensor.shape.dim)
    return names[tensor.elem_type], axes


def _shown(dtype: str, axes: tuple[int | str, ...]) -> str:
    return f"{dtype}[{', '.join(map(str, axes))}]"


def _rows(signature: Signature) -> Arrays:
    """Normal numbers, zeros and far ones: the file does not say on which scale its inputs are."""
    rng = np.random.default_rng(0)
    found = {}
    for spec in signature.inputs:
        rows = rng.normal(size=(_ROWS, spec.width)).astype(np.float32)
        edges = edge_rows(rows)
        found[spec.name] = np.concatenate([rows, edges[(np.abs(edges) < LARGE / 2).all(axis=1)]])
    return found


def _check_rows(path: Path, signature: Signature, rows: Arrays, outputs: Arrays, first: Arrays) -> None:
    count = len(next(iter(rows.values())))
    for spec in signature.outputs:
        array = outputs[spec.name]
        if array.dtype != np.dtype(spec.dtype) or array.shape != (count, *spec.shape[1:]):
            raise ExportError(f"{path}: output {spec.name!r} came as {array.dtype}{list(array.shape)} for {count} rows")
    alone = worst(compare({name: array[:1] for name, array in outputs.items()}, first))
    if not alone.ok:
        raise ExportError(f"{path}: a row's answer depends on the rows beside it: {alone}")


def _finite(path: Path, rows: Arrays, outputs: Arrays) -> Arrays:
    fine: Array = np.all([np.isfinite(a.astype(np.float64)).reshape(len(a), -1).all(axis=1) for a in outputs.values()], axis=0)
    if not fine.any():
        raise ExportError(f"{path}: gives no finite number for any of {len(fine)} normal rows")
    return {name: array[fine] for name, array in rows.items()}
