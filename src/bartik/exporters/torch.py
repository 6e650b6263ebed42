"""PyTorch modules, by torch's own exporter."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from bartik.core import Array, Arrays, ExportError, Signature, TensorSpec, UsageError
from bartik.core.compare import Tolerance, compare, worst
from bartik.exporters.canonical import canonical_bytes, check_signature
from bartik.exporters.imported import evaluate

_OPSET = 20
"""What torch.onnx writes without converting (torch 2.13), named so that another default changes no file."""

_EXAMPLE_ROWS = 3
"""Least size of a free axis in the example torch traces: it takes a size of 0 or 1 for a constant."""

_MARGIN, _LOOSEST = 4.0, 1e-3
"""Between what rounding was seen to do and what is allowed; and the most that is, absolute or of the value."""


def export_torch(model: nn.Module, signature: Signature, reference_inputs: Arrays) -> bytes:
    """ONNX bytes of ``model`` in evaluation mode, the same for the same weights wherever and whenever they are written.

    Inputs are handed to ``forward`` in the order of ``signature``; an axis named there by a string stays free. The result
    is run by ONNX's reference evaluator and compared with ``model`` itself on ``reference_inputs``: `ExportError` names
    the largest difference. ``model`` is left as it is.
    """
    signature.check_inputs(reference_inputs)
    torch_outputs(model, signature, reference_inputs)
    translated = _translate(_frozen(model), signature, reference_inputs)
    check_signature(translated, signature)
    content = canonical_bytes(translated)
    _compare(content, model, signature, reference_inputs)
    return content


def torch_outputs(model: nn.Module, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of ``model`` itself, in evaluation mode on the CPU."""
    frozen = _frozen(model)
    with torch.inference_mode():
        found = frozen(*(torch.from_numpy(np.array(inputs[spec.name])) for spec in signature.inputs))
    values = found if isinstance(found, tuple | list) else (found,)
    if len(values) != len(signature.outputs) or not all(isinstance(value, Tensor) for value in values):
        names = ", ".join(spec.name for spec in signature.outputs)
        raise ExportError(f"{type(model).__name__}: wanted {len(signature.outputs)} tensors ({names}), forward gave {_kinds(values)}")
    return {spec.name: _checked(spec, value.numpy()) for spec, value in zip(signature.outputs, values, strict=True)}


def tolerance(model: nn.Module, signature: Signature, inputs: Arrays) -> Tolerance | None:
    """What float32 alone does to the outputs on ``inputs``, against float64, with a margin; nothing where that is within the default.

    Many sums and normalisations one behind the other (a graph network) lose more digits than a few dense layers. Of outputs that are large
    (energies in MeV) it is the share that counts.
    """
    rounded = torch_outputs(model, signature, inputs)
    wide, given = _frozen(model).double(), (torch.from_numpy(np.array(inputs[spec.name])) for spec in signature.inputs)
    try:
        with torch.inference_mode():
            found = wide(*(tensor.double() if tensor.is_floating_point() else tensor for tensor in given))
    except RuntimeError:  # it makes tensors of float32 itself: the default has to do
        return None
    values = found if isinstance(found, tuple | list) else (found,)
    pairs = [(value.numpy(), rounded[s.name]) for s, value in zip(signature.outputs, values, strict=True) if value.is_floating_point()]
    absolute = _MARGIN * max((float(np.nanmax(np.abs(one - other), initial=0.0)) for one, other in pairs), default=0.0)
    if absolute <= Tolerance().absolute:
        return None
    if absolute <= _LOOSEST:
        return Tolerance(absolute=absolute)
    relative = _MARGIN * max(float(np.nanmax(np.abs(one - other) / np.maximum(np.abs(one), _LOOSEST), initial=0.0)) for one, other in pairs)
    return Tolerance(absolute=_LOOSEST, relative=min(max(relative, Tolerance().relative), _LOOSEST))


def _frozen(model: nn.Module) -> nn.Module:
    return copy.deepcopy(model).cpu().eval().requires_grad_(requires_grad=False)


def _kinds(values: object) -> str:
    return ", ".join(type(value).__name__ for value in values) if isinstance(values, tuple | list) else type(values).__name__


def _checked(spec: TensorSpec, value: Array) -> Array:
    spec.check(value)
    return value


def _translate(model: nn.Module, signature: Signature, inputs: Arrays) -> onnx.ModelProto:
    axes = {axis: torch.export.Dim(axis) for spec in signature.inputs for axis in spec.shape if isinstance(axis, str)}
    free = tuple({place: axes[axis] for place, axis in enumerate(spec.shape) if isinstance(axis, str)} for spec in signature.inputs)
    rows = _stretched(signature, inputs, lambda count: max(_EXAMPLE_ROWS, count))
    examples = tuple(torch.from_numpy(rows[spec.name]) for spec in signature.inputs)
    try:
        with _quiet(), torch.inference_mode(mode=False), torch.no_grad():
            program = torch.onnx.export(
                model,
                examples,
                input_names=[spec.name for spec in signature.inputs],
                output_names=[spec.name for spec in signature.outputs],
                opset_version=_OPSET,
                dynamo=True,
                external_data=False,
                dynamic_shapes=free,
                verbose=False,
            )
    except Exception as error:  # each stage of the exporter raises its own, wrapped in one another
        hint = "keep to operations on tensors in forward: no branch on a value, no fixed batch size"
        raise ExportError(f"{type(model).__name__}: torch.onnx cannot export it ({_reason(error)})", hint=hint) from error
    assert program is not None  # noqa: S101 - so with dynamo
    return program.model_proto


def _stretched(signature: Signature, inputs: Arrays, size: Callable[[int], int]) -> Arrays:
    """``inputs`` with entries repeated, or zeros where there are none, until every free axis has its new ``size``."""
    found = {}
    for spec in signature.inputs:
        array = inputs[spec.name]
        for place, axis in enumerate(spec.shape):
            if isinstance(axis, str):
                count = array.shape[place]
                array = np.take(
                    array if count else np.zeros_like(array, shape=_one(array, place)), np.arange(size(count)) % max(1, count), place
                )
        found[spec.name] = np.ascontiguousarray(array)
    return found


def _one(array: Array, place: int) -> tuple[int, ...]:
    return (*array.shape[:place], 1, *array.shape[place + 1 :])


def _compare(content: bytes, model: nn.Module, signature: Signature, inputs: Arrays) -> None:
    """The graph against its model, for the sizes of ``inputs`` and for others."""
    allowed = tolerance(model, signature, inputs)
    for given in (inputs, _stretched(signature, inputs, lambda count: count + 1)):
        sizes = f"inputs of sizes {', '.join(str(list(array.shape)) for array in given.values())}"
        try:
            wanted = torch_outputs(model, signature, given)
            values = evaluate(content, signature, given)
        except (RuntimeError, ValueError, UsageError) as error:
            hint = "let forward take its sizes from its inputs, or give the axis a fixed size in the signature"
            raise ExportError(f"{type(model).__name__}: fails for {sizes} ({_reason(error)})", hint=hint) from error
        found = worst(compare(wanted, values, allowed))
        if not found.ok:
            hint = "the exporter translated an operation wrongly, or the model is not a function of its inputs"
            raise ExportError(f"the exported graph does not reproduce its model: {found} (difference {found.max_abs:.3g})", hint=hint)


def _reason(error: BaseException) -> str:
    """First line of what went wrong at the bottom of the chain."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's own notes (which optional packages it lacks, deprecations in its callees) concern no user of ours."""
    names = ("torch", "torch.onnx", "torch.export", "torch.onnx._internal.exporter._registration", "onnxscript", "onnx_ir")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
