"""OpenVINO on the processor: float32 throughout, a request of its own for every call that is under way."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino

from bartik.backends import bind_inputs, check_graph, deliver, read_options
from bartik.core import Array, Arrays, Availability, BackendError, Options, Session, Signature, TensorSpec, UnsupportedError, UsageError
from bartik.core.bundle import Bundle
from bartik.core.evaluator import every_node

OPTIONS: dict[str, Any] = {"threads": 1, "streams": 1}
"""Threads of one call, and how many calls run at once: those beyond wait."""

_LACKING = ("No conversion rule found", "not supported", "doesn't support", "OpConversionFailure")
"""How OpenVINO says that it lacks an operator."""

_DEVICE = "CPU"
_ELSEWHERE = "run it on another backend: bartik list shows them"
_PEEPHOLES = 7
"""Place of the weights of that name among the inputs of LSTM."""
_LONGEST = 200
"""Letters of OpenVINO's reason that are repeated: it can print a whole graph."""


def available() -> Availability:
    """Wherever it is installed and finds its plug-in for the processor."""
    if _DEVICE not in _core().available_devices:
        return Availability(ok=False, reason="OpenVINO finds no processor plug-in", remedy="install it again: pip install openvino")
    return Availability(ok=True, version=str(openvino.__version__).partition("-")[0])


def prepare(bundle: Bundle, options: Options) -> Session:
    """Compile the graph for the processor; options ``threads`` (1) and ``streams`` (1).

    `UnsupportedError` for an operator that OpenVINO lacks, for float64, which its processor plug-in would compute in
    float32 without a word, and for what it leaves out of recurrent layers likewise. Whole numbers have 32 bits inside it: an
    int64 input beyond them is refused by ``run``.
    """
    chosen = read_options("openvino", options, OPTIONS)
    for name, value in chosen.items():
        if value < 1:
            raise UsageError(f"option {name} of backend openvino: wanted 1 or more, got {value}")
    model = _read(bundle)
    _check_precision(bundle, model)
    _check_recurrent(bundle)
    inputs, outputs = ([spec.name for spec in specs] for specs in (bundle.signature.inputs, bundle.signature.outputs))
    check_graph(bundle, list(_places(model.inputs, inputs)), list(_places(model.outputs, outputs)))
    return _Session(_compile(bundle, model, chosen["threads"], chosen["streams"]), bundle.signature)


class _Session:
    """Requests wait in a list; a call takes one, or makes one where none is free, and puts it back: list's own steps are atomic.

    Inputs are read where they lie. Outputs are copied out of the request once: a request that was given the caller's
    memory keeps to it, and to its shape, in later calls.
    """

    def __init__(self, compiled: openvino.CompiledModel, signature: Signature) -> None:
        self._compiled, self._signature = compiled, signature
        places = _places(compiled.inputs, [spec.name for spec in signature.inputs])
        self._inputs = [(places[spec.name], spec.name) for spec in signature.inputs]
        places = _places(compiled.outputs, [spec.name for spec in signature.outputs])
        self._outputs = [(places[spec.name], spec) for spec in signature.outputs]
        self._idle: list[openvino.InferRequest] = [compiled.create_infer_request()]
        self._check = bind_inputs(signature)

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name."""
        self._check(inputs)
        held = [(place, _readable(name, inputs[name])) for place, name in self._inputs]
        request = self._take()
        try:
            for place, array in held:
                request.set_input_tensor(place, openvino.Tensor(array, shared_memory=True))
            request.infer()
            outputs = {
                spec.name: _taken(request.get_output_tensor(place).data, spec, keep=out is not None) for place, spec in self._outputs
            }
            return deliver(self._signature, outputs, out)
        except RuntimeError as error:
            raise BackendError(f"OpenVINO refused the call ({_reason(error)})", hint="see that the model fits its signature") from error
        finally:
            self._idle.append(request)

    def _take(self) -> openvino.InferRequest:
        try:
            return self._idle.pop()
        except IndexError:
            return self._compiled.create_infer_request()


def _places(ports: Sequence[Any], names: Sequence[str]) -> dict[str, int]:
    """Where each tensor is: a port has a name for every value of the graph that it came to stand for."""
    known = set(names)
    return {next((name for name in sorted(port.names) if name in known), port.any_name): place for place, port in enumerate(ports)}


def _readable(name: str, array: Array) -> Array:
    """The array itself where OpenVINO can read it in place, else a copy in one piece."""
    if array.dtype == np.int64 and array.size and not -(2**31) <= array.min() <= array.max() < 2**31:
        raise UsageError(f"tensor {name!r}: OpenVINO computes whole numbers in 32 bits, got {array.min()} to {array.max()}")
    return np.require(array, requirements=["C", "A", "W"])


def _taken(view: Array, spec: TensorSpec, *, keep: bool) -> Array:
    """The request's memory as it is where it is copied into ``out`` next (``keep``), else a copy; in the signature's dtype."""
    return view if keep and view.dtype == np.dtype(spec.dtype) else view.astype(spec.dtype)


@functools.lru_cache(maxsize=1)
def _core() -> openvino.Core:
    return openvino.Core()


def _read(bundle: Bundle) -> openvino.Model:
    try:
        return _core().read_model(bundle.model_path.read_bytes(), b"")
    except RuntimeError as error:
        raise _refusal(bundle, error) from error


def _compile(bundle: Bundle, model: openvino.Model, threads: int, streams: int) -> openvino.CompiledModel:
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads * streams,
        "NUM_STREAMS": streams,
        "ENABLE_CPU_PINNING": False,  # which core is whose is the host program's to say
    }
    try:
        return _core().compile_model(model, _DEVICE, settings)
    except RuntimeError as error:  # it could be read: what fails here is OpenVINO's
        raise UnsupportedError(f"{bundle.model_path}: OpenVINO cannot compile it ({_reason(error)})", hint=_ELSEWHERE) from error


def _check_precision(bundle: Bundle, model: openvino.Model) -> None:
    for node in model.get_ops():
        if any(port.get_element_type() == openvino.Type.f64 for port in node.outputs()):
            message = (
                f"{bundle.model_path}: node {node.get_friendly_name()!r} ({node.get_type_name()}) is float64, OpenVINO computes in float32"
            )
            raise UnsupportedError(message, hint="use the backend native or onnxruntime")


def _check_recurrent(bundle: Bundle) -> None:
    """OpenVINO 2026.4 computes these as if the attribute, or the peepholes, were not there."""
    for node in every_node(bundle.model()):
        if node.op_type not in ("GRU", "LSTM", "RNN"):
            continue
        ignored = [a.name for a in node.attribute if a.name in ("layout", "input_forget") and a.i]
        ignored += ["peepholes"] if node.op_type == "LSTM" and len(node.input) > _PEEPHOLES and node.input[_PEEPHOLES] else []
        if ignored:
            message = f"{bundle.model_path}: operator {node.op_type} of node {node.name or node.output[0]!r}: OpenVINO ignores {ignored[0]}"
            raise UnsupportedError(message, hint=_ELSEWHERE)


def _refusal(bundle: Bundle, error: Exception) -> BackendError:
    if any(mark in str(error) for mark in _LACKING):
        return UnsupportedError(f"{bundle.model_path}: OpenVINO lacks an operator ({_reason(error)})", hint=_ELSEWHERE)
    return BackendError(f"{bundle.model_path}: OpenVINO refused the model ({_reason(error)})", hint="export the model again")


def _reason(error: Exception) -> str:
    """The line that says what it is about; the first ones name OpenVINO's own sources, the last a page of its manual."""
    noise = ("Exception from", "Check '", "FrontEnd API failed", "Model wasn't fully converted", "To facilitate", "Summary:")
    lines = [line.strip(" -\t") for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith(noise)), lines[0] if lines else type(error).__name__)[:_LONGEST]
