"""An ONNX file as it is: checked, tried on two implementations of ONNX, and given the reference outputs that a bundle needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import version_converter

from bartik.core import Array, Arrays, BundleError, ExportError, Signature, TensorSpec
from bartik.core.bundle import refuse_external_data
from bartik.core.compare import Difference, Tolerance, compare, worst
from bartik.core.evaluator import every_node
from bartik.core.spec import DTYPES
from bartik.exporters.canonical import canonical_bytes
from bartik.exporters.edge_cases import LARGE, edge_rows
from bartik.exporters.imported import Imported, by_onnxruntime, evaluate, judge

_ROWS, _FEW_ROWS, _MUCH = 64, 6, 1000
"""Reference rows, and those of a model whose row has more than so many values."""
_SIZE = 20
"""Size of a free axis that is not the batch, while the model is tried."""
_MAX_WIDTH = 1_000_000
_OLD, _MODERN = 13, 17
"""Opsets: before the first, ONNX's own evaluator has faults (BatchNormalization of opset 9); those models are converted to the second."""
_MARGIN, _LOOSEST = 4, Tolerance(1e-3, 1e-3)
"""A bundle's tolerance is so many times what two implementations of ONNX differ by, where that is not the usual; and the most they may."""
_REFUSED = ("Loop", "Scan", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")
"""Operators that may never end, or give another answer each time."""


@dataclass(frozen=True)
class _Declared:
    """A tensor as the file has it: free axes by name, the first as ``batch``."""

    name: str
    dtype: str
    axes: tuple[int | str, ...]


def is_onnx(content: bytes) -> bool:
    """Whether ``content`` is a serialised model with operators in it."""
    try:
        model = onnx.load_from_string(content)
    except Exception:  # noqa: BLE001 - protobuf's own, which differ from release to release
        return False
    return bool(model.graph.node) and bool(model.graph.output)


def read_onnx(path: Path, content: bytes) -> Imported:
    """The model ``content`` of ``path``: tensors of fixed axes, or with a batch and other free axes.

    `ExportError` where it is no legal ONNX, where ONNX's reference evaluator cannot run it, where ONNX Runtime answers otherwise,
    and where a row's answer depends on the rows beside it.
    """
    try:
        model = onnx.load_from_string(content)
    except Exception as error:  # protobuf's own, which differ from release to release
        raise ExportError(f"{path}: not readable as ONNX ({error})", hint="is the file whole?") from error
    _check(path, model)
    declared = _batched([_declared(path, value) for value in _fed(model)])
    if not declared:
        raise ExportError(f"{path}: has no input", hint="a bundle answers rows: give the whole model, not one that makes its own data")
    modern = _modernised(model)
    rows = _rows(declared, _ROWS if sum(map(_width, declared)) <= _MUCH else _FEW_ROWS)
    signature = _signature(path, modern, declared, rows)
    _declare_outputs(modern, signature)
    canonical = canonical_bytes(modern)

    def run(given: Arrays) -> Arrays:
        return _run(path, canonical, signature, given)

    outputs = run(rows)
    kept = _finite(path, rows, outputs) if _has_batch(declared) else rows
    if _has_batch(declared):
        _check_rows(path, rows, outputs, run)
    tolerance = _agreed(path, content, kept, run(kept))
    operators = sorted({node.op_type for node in every_node(model)})
    about = {"source": path.name, "format": "ONNX", "producer": model.producer_name, "operators": operators}
    about["reference"] = judge(modern)
    return Imported(path, signature, kept, run, {"as it is": lambda: modern}, about, tolerance=tolerance)


def _declare_outputs(model: onnx.ModelProto, signature: Signature) -> None:
    """Write into the graph what its outputs are: a file may leave their axes out."""
    for value, spec in zip(model.graph.output, signature.outputs, strict=True):
        code = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))
        value.CopyFrom(onnx.helper.make_tensor_value_info(spec.name, code, list(spec.shape)))


def _fed(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def _check(path: Path, model: onnx.ModelProto) -> None:
    try:
        refuse_external_data(model, path)
    except BundleError as error:
        raise ExportError(f"{path}: its weights are in other files", hint="save it with save_as_external_data=False") from error
    refused = next((node for node in every_node(model) if node.op_type in _REFUSED), None)
    if refused is not None:
        raise ExportError(f"{path}: node {refused.name!r} is a {refused.op_type}: a bundle must give the same answer each time, and end")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"{path}: no legal ONNX ({str(error).splitlines()[0]})") from error
    except Exception as error:  # the checker's C++ side raises its own for some broken files
        raise ExportError(f"{path}: no legal ONNX ({type(error).__name__})") from error


def _declared(path: Path, value: onnx.ValueInfoProto) -> _Declared:
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        raise ExportError(f"{path}: {value.name!r} is no tensor of known shape")
    found = _Declared(value.name, _dtype(path, value), _axes(value))
    if _width(found) > _MAX_WIDTH or 0 in found.axes:
        raise ExportError(f"{path}: input {value.name!r} is {found.dtype}[{', '.join(map(str, found.axes))}]: no size to try")
    return found


def _dtype(path: Path, value: onnx.ValueInfoProto) -> str:
    code = value.type.tensor_type.elem_type
    names = {int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(name))): name for name in DTYPES}
    if code not in names:
        kind = onnx.TensorProto.DataType.Name(code) if code in onnx.TensorProto.DataType.values() else "?"
        raise ExportError(f"{path}: {value.name!r} holds {kind.lower()}, which no bundle holds")
    return names[code]


def _axes(value: onnx.ValueInfoProto) -> tuple[int | str, ...]:
    sizes = value.type.tensor_type.shape.dim
    free = [d.dim_param or f"{value.name}_{place}" for place, d in enumerate(sizes)]
    axes = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else name for d, name in zip(sizes, free, strict=True)]
    return tuple(axes)


def _batched(inputs: list[_Declared]) -> list[_Declared]:
    """The first axis is the batch where it is free in every input."""
    if not all(tensor.axes and isinstance(tensor.axes[0], str) for tensor in inputs):
        return inputs
    return [replace(tensor, axes=("batch", *tensor.axes[1:])) for tensor in inputs]


def _width(tensor: _Declared) -> int:
    return int(np.prod([axis if isinstance(axis, int) else _SIZE for axis in tensor.axes if axis != "batch"], dtype=np.int64))


def _has_batch(inputs: list[_Declared]) -> bool:
    """Whether every input has one row for each candidate."""
    return all(tensor.axes[:1] == ("batch",) for tensor in inputs)


def _modernised(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model of an old opset in a later one, where ONNX's own converter can; constants are no inputs, as they once were."""
    found = onnx.ModelProto()
    found.CopyFrom(model)
    fed = _fed(model)
    del found.graph.input[:]
    found.graph.input.extend(fed)
    found.ir_version = max(found.ir_version, 4)
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), _MODERN)
    if opset >= _OLD:
        return found
    try:
        return version_converter.convert_version(found, _MODERN)
    except Exception:  # noqa: BLE001 - it is C++ of others; the comparison with ONNX Runtime decides whether the model will do as it is
        return found


def _rows(inputs: list[_Declared], count: int) -> Arrays:
    """Normal numbers, zeros and far ones, whole numbers 0 and 1: the file does not say on which scale its inputs are."""
    rng = np.random.default_rng(0)
    found: Arrays = {}
    for tensor in inputs:
        shape = [count if axis == "batch" else axis if isinstance(axis, int) else _SIZE for axis in tensor.axes]
        whole = np.dtype(tensor.dtype).kind != "f"
        rows = (rng.integers(0, 2, shape) if whole else rng.normal(size=shape)).astype(tensor.dtype)
        found[tensor.name] = rows if not _has_batch(inputs) else np.concatenate([rows, _edges(rows)])
    return found


def _edges(rows: Array) -> Array:
    """The edge cases of rows of floats, the very large ones apart; of whole numbers the first rows again, as many."""
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    edges = edge_rows(flat)
    edges = edges[(np.abs(edges) < LARGE / 2).all(axis=1)]
    if rows.dtype.kind != "f":
        edges = flat[np.arange(len(edges)) % len(flat)]
    return edges.reshape(len(edges), *rows.shape[1:]).astype(rows.dtype)


def _signature(path: Path, model: onnx.ModelProto, inputs: list[_Declared], rows: Arrays) -> Signature:
    """Axes of the outputs are those that come; free are those that the file names as an input's, or that grow with the rows."""
    names = [value.name for value in model.graph.output]
    specs = tuple(TensorSpec(tensor.name, tensor.dtype, tensor.axes) for tensor in inputs)
    draft = Signature(specs, tuple(TensorSpec(name, "float32", ()) for name in names))
    content = canonical_bytes(model)
    found = _run(path, content, draft, rows)
    fewer = _run(path, content, draft, {name: array[:2] for name, array in rows.items()}) if _has_batch(inputs) else found
    free = {axis for tensor in inputs for axis in tensor.axes if isinstance(axis, str)}
    outputs = []
    for value in model.graph.output:
        array, other = found[value.name], fewer[value.name]
        if str(array.dtype) not in DTYPES or array.ndim != other.ndim:
            raise ExportError(f"{path}: output {value.name!r} came as {array.dtype}{list(array.shape)}, which no bundle holds")
        named = _axes(value) if value.type.tensor_type.HasField("shape") else ()
        known = dict(enumerate(named)) if len(named) == array.ndim else {}
        outputs.append(TensorSpec(value.name, str(array.dtype), _output_axes(array, other, known, free)))
    return Signature(specs, tuple(outputs))


def _output_axes(array: Array, fewer: Array, named: Mapping[int, int | str], free: set[str]) -> tuple[int | str, ...]:
    axes: list[int | str] = []
    for place, (size, smaller) in enumerate(zip(array.shape, fewer.shape, strict=True)):
        name = named.get(place)
        if size != smaller:
            axes.append("batch")
        else:
            axes.append(name if isinstance(name, str) and name in free - {"batch"} else size)
    return tuple(axes)


def _run(path: Path, content: bytes, signature: Signature, given: Arrays) -> Arrays:
    try:
        return {name: np.asarray(array) for name, array in evaluate(content, signature, given).items()}
    except Exception as error:  # each operator of the evaluator raises its own
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ExportError(f"{path}: {judge(onnx.load_from_string(content))} cannot run it ({first})") from error


def _check_rows(path: Path, rows: Arrays, outputs: Arrays, run: Callable[[Arrays], Arrays]) -> None:
    """The first row and the last alone, and all in reverse, must give what they give in their places."""
    for places in (slice(None, 1), slice(-1, None), slice(None, None, -1)):
        found = run({name: np.ascontiguousarray(array[places]) for name, array in rows.items()})
        difference = worst(compare({name: array[places] for name, array in outputs.items()}, found, _LOOSEST))
        if not difference.ok:
            raise ExportError(f"{path}: a row's answer depends on the rows beside it: {difference}")


def _finite(path: Path, rows: Arrays, outputs: Arrays) -> Arrays:
    """Rows whose outputs are all numbers."""
    fine: Array = np.all([np.isfinite(a.astype(np.float64)).reshape(len(a), -1).all(axis=1) for a in outputs.values()], axis=0)
    if not fine.any():
        raise ExportError(f"{path}: gives no finite number for any of {len(fine)} normal rows")
    return {name: array[fine] for name, array in rows.items()}


def _agreed(path: Path, content: bytes, rows: Arrays, outputs: Arrays) -> Tolerance | None:
    """How near runtimes can be asked to come: ONNX Runtime, on the file itself, must be near the reference evaluator.

    Nothing where the usual tolerance will do, or where ONNX Runtime does not take the model.
    """
    try:
        other = by_onnxruntime(content, list(outputs), rows)
    except Exception:  # noqa: BLE001 - what it does not run, it does not contradict
        return None
    for scale in (1, 3, 10, 30, 100):
        tolerance = Tolerance(1e-6 * scale, 1e-5 * scale)
        difference: Difference = worst(compare(outputs, other, tolerance))
        if difference.ok:
            return None if scale == 1 else Tolerance(min(_MARGIN * tolerance.absolute, 1e-3), min(_MARGIN * tolerance.relative, 1e-3))
    if worst(compare(outputs, other, _LOOSEST)).ok:
        return _LOOSEST
    raise ExportError(
        f"{path}: ONNX's reference evaluator and ONNX Runtime give different answers: {difference}",
        hint="export it again with a later opset, or try it on inputs of the scale it was trained on by a use case of its own",
    )
