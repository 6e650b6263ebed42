"""The same model with its products in 8 bits, or its weights in 16: another model, so another bundle.

Eight bits: each matrix product and convolution takes its input as uint8 (one scale and zero point a tensor, from the smallest and
largest value seen in the calibration rows) and its weights as int8 (one scale an output), as ``QuantizeLinear`` and
``DequantizeLinear`` around it, by ONNX Runtime's own quantiser (Jacob et al., arXiv:1712.05877, is the scheme). All else stays
float32: what comes before the first product, sums, activations, the output.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from bartik.core import Arrays, ExportError, Signature, UnknownNameError, UnsupportedError
from bartik.core.bundle import Bundle, write_bundle
from bartik.core.compare import Tolerance
from bartik.core.digest import digest_arrays
from bartik.exporters.canonical import canonical_bytes
from bartik.exporters.imported import evaluate

PRECISIONS = ("int8", "fp16")
_PRODUCTS = ("MatMul", "Gemm", "Conv", "ConvTranspose")
_ROWS = 1000
"""Rows of one calibration call."""
_ROUNDING = 2e-6
"""Relative change of a float32 sum when a backend adds in another order: what may carry a value over to the neighbouring step."""


def quantize(bundle: Bundle, calibration: Arrays, path: Path, precision: str = "int8") -> Bundle:
    """Write the model of ``bundle`` in another ``precision`` as a bundle at ``path``.

    ``calibration`` are typical inputs by name, some hundred rows or more: a value beyond all of theirs is cut to the largest
    of them. The new bundle keeps signature, working points and reference inputs; its reference outputs are its own.
    `UnsupportedError` where the model has no product to quantise.
    """
    if precision not in PRECISIONS:
        raise UnknownNameError("precision", precision, PRECISIONS)
    model = bundle.model()
    if not any(node.op_type in _PRODUCTS for node in model.graph.node):
        raise UnsupportedError(f"{bundle.path}: has no {', '.join(_PRODUCTS)}, so nothing to quantise", hint="keep it as it is")
    content = canonical_bytes(_half(model) if precision == "fp16" else _eight_bits(bundle, model, calibration))
    inputs, _ = bundle.reference()
    about = {"precision": precision, "of": bundle.digest, "calibration": digest_arrays(calibration)}
    return write_bundle(
        path,
        content,
        bundle.signature,
        (inputs, evaluate(content, bundle.signature, inputs)),
        name=f"{bundle.name}_{precision}",
        working_points=bundle.working_points,
        provenance={**bundle.provenance, "quantised": about},
        tolerance=None if precision == "fp16" else _tolerance(content, bundle.signature, inputs),
    )


class _Rows(CalibrationDataReader):  # type: ignore[misc]
    """The calibration rows in equal parts."""

    def __init__(self, inputs: Arrays) -> None:
        rows = min(len(array) for array in inputs.values())
        starts = range(0, max(1, rows - _ROWS + 1), _ROWS)
        self._parts: Iterator[Arrays] = ({name: array[k : k + _ROWS] for name, array in inputs.items()} for k in starts)

    def get_next(self) -> Arrays | None:
        """The next part, or None behind the last."""
        return next(self._parts, None)


def _eight_bits(bundle: Bundle, model: onnx.ModelProto, calibration: Arrays) -> onnx.ModelProto:
    bundle.signature.check_inputs(calibration)
    if not min(len(array) for array in calibration.values()):
        raise ExportError(f"{bundle.path}: no calibration rows", hint="give some hundred typical ones")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        source, prepared, target = (str(Path(folder) / name) for name in ("source.onnx", "prepared.onnx", "target.onnx"))
        onnx.save(model, source)
        try:
            quant_pre_process(source, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                target,
                _Rows(calibration),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(_PRODUCTS),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                extra_options={"OpTypesToExcludeOutputQuantization": list(_PRODUCTS)},
            )
        except Exception as error:  # the quantiser raises whatever comes up in it
            raise ExportError(f"{bundle.path}: cannot be quantised ({type(error).__name__}: {error})") from error
        return onnx.load(target)


def _half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights of products as float16, cast back to float32 where they are used."""
    used = {name for node in model.graph.node if node.op_type in _PRODUCTS for name in node.input[1:2]}
    casts = []
    for tensor in model.graph.initializer:
        if tensor.name in used and tensor.data_type == onnx.TensorProto.FLOAT:
            values = onnx.numpy_helper.to_array(tensor)
            if np.abs(values).max(initial=0.0) > np.finfo(np.float16).max:
                raise UnsupportedError(f"weight {tensor.name!r} has values beyond float16", hint="keep it in float32, or try int8")
            name, stored = tensor.name, f"{tensor.name}_half"
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), stored))
            casts.append(onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _tolerance(content: bytes, signature: Signature, inputs: Arrays) -> Tolerance:
    """Twice what the outputs move when every value about to be rounded to a step moves by float32's own rounding.

    A value near the middle of two steps may fall on either, with any correct runtime.
    """
    exact = evaluate(content, signature, inputs)
    moved = [evaluate(_nudged(content, factor), signature, inputs) for factor in (1 - _ROUNDING, 1 + _ROUNDING)]
    with np.errstate(invalid="ignore"):
        largest = max(float(np.nanmax(np.abs(found[name] - exact[name]), initial=0.0)) for found in moved for name in exact)
    return Tolerance(absolute=max(Tolerance().absolute, 2 * largest))


def _nudged(content: bytes, factor: float) -> bytes:
    model = onnx.load_from_string(content)
    nodes: list[onnx.NodeProto] = []
    for place, node in enumerate(model.graph.node):
        if node.op_type == "QuantizeLinear":
            name = f"nudged_{place}"
            nodes.append(onnx.helper.make_node("Mul", [node.input[0], "nudge"], [name]))
            node.input[0] = name
        nodes.append(node)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(factor, np.float32), "nudge"))
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    return bytes(model.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the quantiser's advice, which it gives through the root logger."""
    root: Any = logging.getLogger()
    before = root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
