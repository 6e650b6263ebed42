"""Our own compiler on an NVIDIA GPU: the bundle as CUDA, compiled by nvcc for the GPU that is there, called with arrays of the host."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

import numpy as np

from bartik.backends import bind_inputs, deliver, output_shapes, read_options
from bartik.compiler.cuda_library import build_cuda_library, find_nvcc
from bartik.core import Array, Arrays, Availability, BackendError, Options, Session, Signature, UnsupportedError
from bartik.core.bundle import Bundle

OPTIONS: dict[str, Any] = {}
"""None: a call is one launch on a stream of its own."""


def available() -> Availability:
    """Where nvcc is installed and a GPU answers."""
    if find_nvcc() is None:
        return Availability(ok=False, reason="no CUDA compiler", remedy="install the CUDA toolkit, or name nvcc with NVCC")
    driver = ctypes.util.find_library("cuda")
    count = ctypes.c_int(0)
    if driver is None or ctypes.CDLL(driver).cuInit(0) or ctypes.CDLL(driver).cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return Availability(ok=False, reason="no NVIDIA GPU answers", remedy="see that nvidia-smi shows one")
    return Availability(ok=True, version=f"{count.value} GPU")


def prepare(bundle: Bundle, options: Options) -> Session:
    """Compile the bundle for this GPU; `UnsupportedError` names an operator that the compiler lacks."""
    read_options("native_cuda", options, OPTIONS)
    free = {axis for spec in (*bundle.signature.inputs, *bundle.signature.outputs) for axis in spec.shape if isinstance(axis, str)}
    if len(free) > 1:
        raise UnsupportedError(f"free axes {', '.join(sorted(free))} are not compiled: wanted one, the batch", hint="use onnxruntime")
    return _Session(ctypes.CDLL(str(build_cuda_library(bundle))), bundle.signature)


class _Session:
    def __init__(self, library: ctypes.CDLL, signature: Signature) -> None:
        self._signature, self._library = signature, library
        self._check = bind_inputs(signature)
        self._free = any(isinstance(axis, str) for spec in signature.inputs for axis in spec.shape)
        self._call = library.bartik_cuda_run
        self._call.argtypes, self._call.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t), ctypes.c_int

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name."""
        self._check(inputs)
        shapes = output_shapes(self._signature, inputs)
        assert shapes is not None  # noqa: S101 - every free axis is an input's
        sources = [np.require(inputs[spec.name], spec.dtype, ["C", "A"]) for spec in self._signature.inputs]
        found = {spec.name: np.empty(shapes[spec.name], spec.dtype) for spec in self._signature.outputs}
        status = self._call(_addresses(sources), _addresses(list(found.values())), len(sources[0]) if self._free else 1)
        if status:
            raise BackendError(f"CUDA refused the call (error {status})", hint="see that the GPU has free memory")
        return deliver(self._signature, found, out)


def _addresses(arrays: list[Array]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
