"""ONNX Runtime, on the provider that is asked for and no other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
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

OPTIONS: dict[str, Any] = {"threads": 1, "provider": "cpu"}
"""Threads within one operator, and the execution provider: ``cpu``, ``cuda``, ``tensorrt`` or ``openvino``."""

_CPU = "CPUExecutionProvider"

_BIND_FROM = 1 << 16
"""Bytes of output from which writing in place beats a copy: a binding costs about 5 us a call."""

_LACKING = ("NOT_IMPLEMENTED", "is not a registered function/op", "No Op registered for", "Exception during initialization")
"""How ONNX Runtime says that it lacks an operator, or what an operator of legal ONNX may have: a clip of 0, say, or a layout."""


@dataclass(frozen=True)
class _Provider:
    """ONNX Runtime's own ``name`` of it, the ``package`` that brings it, its ``settings``, and who runs the nodes it lacks."""

    name: str
    package: str
    settings: Callable[[int], dict[str, str]]
    then: tuple[str, ...] = ()

    def order(self, threads: int) -> list[tuple[str, dict[str, str]]]:
        """Providers in order, as ONNX Runtime takes them; its processor comes last whether asked for or not."""
        return [(self.name, self.settings(threads)), *((_PROVIDERS[name].name, _PROVIDERS[name].settings(threads)) for name in self.then)]


_PROVIDERS = {
    "cpu": _Provider(_CPU, "onnxruntime", lambda _: {}),
    "cuda": _Provider("CUDAExecutionProvider", "onnxruntime-gpu", lambda _: {"use_tf32": "0"}),
    "tensorrt": _Provider("TensorrtExecutionProvider", "onnxruntime-gpu and tensorrt", lambda _: {"trt_fp16_enable": "0"}, ("cuda",)),
    "openvino": _Provider(
        "OpenVINOExecutionProvider",
        "onnxruntime-openvino",
        lambda threads: {"device_type": "CPU", "precision": "FP32", "num_of_threads": str(threads)},
    ),
}
"""Settings keep float32 where a provider would take less: https://onnxruntime.ai/docs/execution-providers, ONNX Runtime 1.22."""


def available() -> Availability:
    """Always where this file imports: it is a dependency of the package."""
    return Availability(ok=True, version=onnxruntime.__version__)


def prepare(bundle: Bundle, options: Options) -> Session:
    """Build an inference session; options ``threads`` (1) and ``provider`` (``cpu``).

    `UsageError` for a provider that the installed build lacks, `UnavailableError` for one that does not start:
    ONNX Runtime by itself would go on with another.
    """
    chosen = read_options("onnxruntime", options, OPTIONS)
    provider = _find_provider(chosen["provider"])
    if chosen["threads"] < 1:
        raise UsageError(f"option threads of backend onnxruntime: wanted 1 or more, got {chosen['threads']}")
    return _Session(_inference_session(bundle, chosen["threads"], provider), bundle.signature)


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


def _inference_session(bundle: Bundle, threads: int, provider: _Provider) -> onnxruntime.InferenceSession:
    session = _load(bundle, _settings(threads), provider.order(threads))
    if session.get_providers()[0] != provider.name:
        raise UnavailableError(
            f"ONNX Runtime could not start {provider.name} and would have used {session.get_providers()[0]}",
            hint="see that the provider's own libraries and its device are there, or use provider=cpu",
        )
    check_graph(bundle, [value.name for value in session.get_inputs()], [value.name for value in session.get_outputs()])
    return session


def _settings(threads: int) -> onnxruntime.SessionOptions:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    return settings


def _load(
    bundle: Bundle, settings: onnxruntime.SessionOptions, providers: list[tuple[str, dict[str, str]]]
) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(bundle.model_path.read_bytes(), settings, providers=providers)
    except Exception as error:  # its exceptions have no common base but Exception
        message = str(error).strip().partition("\n")[0]
        if any(mark in message for mark in _LACKING):
            hint = "run it on another backend: bartik list shows them"
            raise UnsupportedError(
                f"{bundle.model_path}: ONNX Runtime lacks an operator or a form of one ({_short(message)})", hint=hint
            ) from error
        raise BackendError(f"{bundle.model_path}: ONNX Runtime refused the model ({message})", hint="export the model again") from error


def _short(message: str) -> str:
    """Without the place in ONNX Runtime's own sources, where that stands in it."""
    return re.sub(r"/onnxruntime_src/\S+ .*?&\) ", "", message).strip()


def _find_provider(name: str) -> _Provider:
    if name not in _PROVIDERS:
        raise UnknownNameError("provider of backend onnxruntime", name, _PROVIDERS)
    installed = onnxruntime.get_available_providers()
    provider = _PROVIDERS[name]
    if provider.name not in installed:
        here = ", ".join(known for known, one in _PROVIDERS.items() if one.name in installed)
        hint = f"install {provider.package} in the place of the package onnxruntime, or use one that is here: {here}"
        raise UsageError(f"option provider of backend onnxruntime: the installed build has no {provider.name}", hint=hint)
    return provider
