"""ONNX's own evaluator in numpy: slow, and by definition right."""

from __future__ import annotations

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from bartik.backends import bind_inputs, check_graph, deliver, read_options
from bartik.core import Array, Arrays, Availability, BackendError, Options, Session, Signature, UnsupportedError
from bartik.core.bundle import Bundle
from bartik.core.evaluator import misjudged


def available() -> Availability:
    """Always: it comes with onnx."""
    return Availability(ok=True, version=onnx.__version__)


def prepare(bundle: Bundle, options: Options) -> Session:
    """Bind the graph; there are no options."""
    read_options("reference", options, {})
    if why := misjudged(bundle.model()):
        raise UnsupportedError(f"{bundle.model_path}: {why}", hint="use the backend onnxruntime")
    evaluator = _evaluator(bundle)
    check_graph(bundle, evaluator.input_names, evaluator.output_names)
    return _Session(evaluator, bundle.signature)


class _Session:
    def __init__(self, evaluator: ReferenceEvaluator, signature: Signature) -> None:
        self._run, self._signature = evaluator.run, signature
        self._names = [spec.name for spec in signature.outputs]
        self._check = bind_inputs(signature)

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name."""
        self._check(inputs)
        with np.errstate(all="ignore"):
            values = self._run(self._names, inputs)
        outputs = {name: _own(np.asarray(value), inputs) for name, value in zip(self._names, values, strict=True)}
        return deliver(self._signature, outputs, out)


def _own(value: Array, inputs: Arrays) -> Array:
    """A copy where the evaluator hands an input through, so that no caller can change one by the other."""
    return value.copy() if any(np.may_share_memory(value, array) for array in inputs.values()) else value


def _evaluator(bundle: Bundle) -> ReferenceEvaluator:
    try:
        model = bundle.model()
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and the checker each raise their own
        raise BackendError(f"{bundle.model_path}: not a valid ONNX model ({_first_line(error)})", hint="export the model again") from error
    try:
        return ReferenceEvaluator(model)
    except Exception as error:  # the evaluator raises several kinds for an operator it lacks
        raise UnsupportedError(f"{bundle.model_path}: the reference evaluator lacks an operator ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
