"""ONNX Runtime, on the provider that is asked for and no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime

from bartik.backends import bind_inputs, check_graph, check_out, deliver, output_shapes, read_options
from bartik.core import (
    Arrays,
    Availability,
    BackendError,
    Options,
    Session,
    Signature,
    UnavailableError,
    UnknownNameError,
    UnsupportedError,
    UsageError,
)
from bartik.core.bundle import Bundle

OPTIONS: dict[str, Any] = {"threads": 1, "provider": "CPUExecutionProvider"}
"""Threads within one operator, and the execution provider by ONNX Runtime's own name."""

_BIND_FROM = 1 << 16
"""Bytes of output from which writing in place beats a copy: a binding costs about 5 us a call."""

_LACKING = ("NOT_IMPLEMENTED", "is not a registered function/op", "No Op registered for")
"""How ONNX Runtime says that it lacks an operator."""


def available() -> Availability:
    """Always where this file imports: it is a dependency of the package."""
    return Availability(ok=True, version=onnxruntime.__version__)


def prepare(bundle: Bundle, options: Options) -> Session:
    """Build an inference session; options ``threads`` (1) and ``provider`` (``CPUExecutionProvider``)."""
    chosen = read_options("onnxruntime", options, OPTIONS)
    _check_provider(chosen["provider"])
    if chosen["threads"] < 1:
        raise UsageError(f"option threads of backend onnxruntime: wanted 1 or more, got {chosen['threads']}")
    return _Session(_inference_session(bundle, chosen["threads"], chosen["provider"]), bundle.signature)


class _Session:
    def __init__(self, session: onnxruntime.InferenceSession, signature: Signature) -> None:
        self._session, self._signature = session, signature
        self._names = [spec.name for spec in signature.outputs]
        self._check = bind_inputs(signature)

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name; large ones are written straight into ``out``."""
        self._check(inputs)
        if out is not None and sum(getattr(array, "nbytes", 0) for array in out.values()) >= _BIND_FROM:
            shapes = output_shapes(self._signature, inputs)
            if shapes is not None:
                return self._run_into(inputs, out, shapes)
        return deliver(self._signature, dict(zip(self._names, self._session.run(self._names, inputs), strict=True)), out)

    def _run_into(self, inputs: Arrays, out: Arrays, shapes: dict[str, tuple[int, ...]]) -> Arrays:
        """Write outputs in place where their memory is in one piece; the arrays bound live as long as the call."""
        check_out(self._signature, shapes, out)
        targets = {name: array if array.flags.c_contiguous else np.empty(array.shape, array.dtype) for name, array in out.items()}
        sources = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        binding = self._session.io_binding()
        for name, array in sources.items():
            binding.bind_cpu_input(name, array)
        for name, array in targets.items():
            binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        self._session.run_with_iobinding(binding)
        for name, array in targets.items():
            if array is not out[name]:
                np.copyto(out[name], array)
        return out


def _inference_session(bundle: Bundle, threads: int, provider: str) -> onnxruntime.InferenceSession:
    session = _load(bundle, _settings(threads), provider)
    if session.get_providers()[0] != provider:
        raise UnavailableError(
            f"ONNX Runtime could not start {provider} and would have used {session.get_providers()[0]}",
            hint="see that the provider's own libraries are installed, or use provider=CPUExecutionProvider",
        )
    check_graph(bundle, [value.name for value in session.get_inputs()], [value.name for value in session.get_outputs()])
    return session


def _settings(threads: int) -> onnxruntime.SessionOptions:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    return settings


def _load(bundle: Bundle, settings: onnxruntime.SessionOptions, provider: str) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(bundle.model_path.read_bytes(), settings, providers=[provider])
    except Exception as error:  # its exceptions have no common base but Exception
        message = str(error).strip().partition("\n")[0]
        if any(mark in message for mark in _LACKING):
            hint = "run it on another backend: bartik list shows them"
            raise UnsupportedError(f"{bundle.model_path}: ONNX Runtime lacks an operator ({message})", hint=hint) from error
        raise BackendError(f"{bundle.model_path}: ONNX Runtime refused the model ({message})", hint="export the model again") from error


def _check_provider(provider: str) -> None:
    if provider not in onnxruntime.get_all_providers():
        raise UnknownNameError("ONNX Runtime provider", provider, onnxruntime.get_all_providers())
    if provider not in onnxruntime.get_available_providers():
        raise UnavailableError(
            f"this build of ONNX Runtime has no {provider}",
            hint=f"install the onnxruntime package that brings it; this one has {', '.join(onnxruntime.get_available_providers())}",
        )
