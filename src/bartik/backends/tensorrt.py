"""TensorRT on an NVIDIA GPU, from numpy and back: float32 without TF32, one context and stream for every call under way.

Written against TensorRT 10 (https://docs.nvidia.com/deeplearning/tensorrt/10.16.1, the same calls in 11): ``OnnxParser``,
``Builder.build_serialized_network``, ``IExecutionContext.execute_async_v3`` with tensors by name; memory and streams by
``cuda.bindings.runtime`` of cuda-python 12.8 (https://nvidia.github.io/cuda-python).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from bartik.backends import bind_inputs, check_graph, check_out, output_shapes, read_options
from bartik.core import Array, Arrays, Availability, BackendError, Options, Session, Signature, UnsupportedError, UsageError
from bartik.core.bundle import Bundle

OPTIONS: dict[str, Any] = {"batch": 4096}
"""Most rows of one call into TensorRT; a larger batch is run in pieces. Memory on the GPU is set aside for as many."""

_INSTALL = "pip install tensorrt cuda-python, on a machine with an NVIDIA GPU and its driver"
_ELSEWHERE = "run it on another backend: bartik list shows them"


def available() -> Availability:
    """Where TensorRT and cuda-python are installed and a GPU answers."""
    missing = [package for package, name in (("tensorrt", "tensorrt"), ("cuda-python", "cuda")) if importlib.util.find_spec(name) is None]
    if missing:
        return Availability(ok=False, reason=f"{' and '.join(missing)} not installed", remedy=_INSTALL)
    trt, cuda = _modules()
    status, count = cuda.cudaGetDeviceCount()
    if int(status) or not count:
        return Availability(ok=False, reason="no NVIDIA GPU answers", remedy="see that nvidia-smi shows one")
    return Availability(ok=True, version=f"TensorRT {trt.__version__}")


def prepare(bundle: Bundle, options: Options) -> Session:
    """Build an engine for this GPU (seconds to minutes); option ``batch`` (4096).

    `UnsupportedError` names the first node that TensorRT's parser refuses.
    """
    batch = read_options("tensorrt", options, OPTIONS)["batch"]
    if batch < 1:
        raise UsageError(f"option batch of backend tensorrt: wanted 1 or more, got {batch}")
    free = _has_batch(bundle)
    trt, cuda = _modules()
    logger = trt.Logger(trt.Logger.ERROR)
    runtime = trt.Runtime(logger)
    engine = runtime.deserialize_cuda_engine(_plan(bundle, trt, logger, batch if free else None))
    if engine is None:
        raise BackendError(f"{bundle.model_path}: TensorRT does not load the engine it has built", hint="see that the GPU has free memory")
    _check_engine(bundle, trt, engine)
    session = _Session(bundle.signature, engine, cuda, batch, free=free)
    session.kept = (logger, runtime)
    return session


class _Session:
    """Lanes wait in a list; a call takes one, or makes one: a context serves one call at a time.

    ``kept`` is what must live as long as the engine does.
    """

    kept: tuple[Any, ...] = ()

    def __init__(self, signature: Signature, engine: Any, cuda: ModuleType, batch: int, *, free: bool) -> None:
        self._signature, self._engine, self._cuda, self._batch, self._free = signature, engine, cuda, batch, free
        self._idle = [self._lane()]
        self._check = bind_inputs(signature)

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name; copied from the GPU straight into ``out`` where its memory is in one piece."""
        self._check(inputs)
        shapes = output_shapes(self._signature, inputs)
        assert shapes is not None  # noqa: S101 - `_has_batch` allows no other free axis
        if out is not None:
            check_out(self._signature, shapes, out)
        sources = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        given = out or {}
        targets = {s.name: _target(given.get(s.name), shapes[s.name], s.dtype, sources) for s in self._signature.outputs}
        try:
            lane = self._idle.pop()
        except IndexError:
            lane = self._lane()
        try:
            for part in self._parts(sources):
                lane.run({k: v[part] for k, v in sources.items()}, {k: v[part] for k, v in targets.items()})
        finally:
            self._idle.append(lane)
        if out is None:
            return targets
        for name, array in targets.items():
            if array is not out[name]:
                np.copyto(out[name], array)
        return out

    def _parts(self, sources: Arrays) -> Iterator[Any]:
        """Rows in pieces that fit; no piece where there are no rows."""
        if not self._free:
            yield ...
            return
        rows = len(next(iter(sources.values())))
        for start in range(0, rows, self._batch):
            yield slice(start, min(start + self._batch, rows))

    def _lane(self) -> _Lane:
        sizes = {
            spec.name: spec.width * np.dtype(spec.dtype).itemsize * (self._batch if self._free else 1)
            for spec in (*self._signature.inputs, *self._signature.outputs)
        }
        return _Lane(self._engine, self._cuda, sizes)


class _Lane:
    """A context, a stream, and memory on the GPU for every input and output; all of it is given back with the lane."""

    def __init__(self, engine: Any, cuda: ModuleType, sizes: dict[str, int]) -> None:
        self._cuda, self._places = cuda, dict[str, int]()
        self._stream: Any = None
        self._engine, self._context = engine, engine.create_execution_context()
        if self._context is None:
            raise BackendError("TensorRT has no memory for another context", hint="run fewer calls at once")
        self._stream = self._done(cuda.cudaStreamCreate())
        for name, size in sizes.items():
            self._places[name] = int(self._done(cuda.cudaMalloc(max(size, 1))))
            self._context.set_tensor_address(name, self._places[name])

    def run(self, inputs: Arrays, outputs: Arrays) -> None:
        """Copy to the GPU, run, copy back, wait."""
        for name, array in inputs.items():
            self._context.set_input_shape(name, array.shape)
            self._copy(self._places[name], array.ctypes.data, array, self._cuda.cudaMemcpyKind.cudaMemcpyHostToDevice)
        if not self._context.execute_async_v3(int(self._stream)):
            raise BackendError("TensorRT refused the call", hint="see that the model fits its signature; " + _ELSEWHERE)
        for name, array in outputs.items():
            self._copy(array.ctypes.data, self._places[name], array, self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost)
        self._done(self._cuda.cudaStreamSynchronize(self._stream))

    def _copy(self, target: int, source: int, array: Array, kind: Any) -> None:
        self._done(self._cuda.cudaMemcpyAsync(target, source, array.nbytes, kind, self._stream))

    def _done(self, answer: tuple[Any, ...]) -> Any:
        """What a call of the CUDA runtime gives beside its status, which must be none."""
        if int(answer[0]):
            raise BackendError(f"CUDA refused: {getattr(answer[0], 'name', answer[0])}", hint="see that the GPU has free memory")
        return answer[1] if len(answer) > 1 else None

    def __del__(self) -> None:
        for place in self._places.values():
            self._cuda.cudaFree(place)
        if self._stream is not None:
            self._cuda.cudaStreamDestroy(self._stream)


def _plan(bundle: Bundle, trt: ModuleType, logger: Any, batch: int | None) -> Any:
    """The engine, serialised, for 1 to ``batch`` rows; nothing there where no axis is free."""
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(bundle.model_path.read_bytes()):
        raise _refusal(bundle, parser)
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)
    if batch is not None:
        profile = builder.create_optimization_profile()
        for spec in bundle.signature.inputs:
            profile.set_shape(spec.name, (1, *spec.shape[1:]), (batch, *spec.shape[1:]), (batch, *spec.shape[1:]))
        config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise UnsupportedError(f"{bundle.model_path}: TensorRT built no engine from it, and says why on stderr", hint=_ELSEWHERE)
    return plan


def _refusal(bundle: Bundle, parser: Any) -> UnsupportedError:
    errors = [parser.get_error(place) for place in range(parser.num_errors)]
    first = f"operator {errors[0].node_operator()} of node {errors[0].node_name()!r}: {errors[0].desc()}" if errors else "no reason given"
    return UnsupportedError(f"{bundle.model_path}: TensorRT refused the model ({first[:200]})", hint=_ELSEWHERE)


def _check_engine(bundle: Bundle, trt: ModuleType, engine: Any) -> None:
    """Names and types of the engine are the signature's; TensorRT has no float64."""
    names = [engine.get_tensor_name(place) for place in range(engine.num_io_tensors)]
    inputs = [name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT]
    check_graph(bundle, inputs, [name for name in names if name not in inputs])
    for spec in (*bundle.signature.inputs, *bundle.signature.outputs):
        found = np.dtype(trt.nptype(engine.get_tensor_dtype(spec.name)))
        if found != np.dtype(spec.dtype):
            raise UnsupportedError(f"{bundle.model_path}: TensorRT makes tensor {spec.name!r} {found}, not {spec.dtype}", hint=_ELSEWHERE)


def _has_batch(bundle: Bundle) -> bool:
    """Whether there is a batch; `UnsupportedError` unless it is the one free axis, and first in every input and output."""
    specs = (*bundle.signature.inputs, *bundle.signature.outputs)
    names = {axis for spec in specs for axis in spec.shape if isinstance(axis, str)}
    if len(names) > 1 or (
        names and any([isinstance(axis, str) for axis in s.shape] != [True] + [False] * (len(s.shape) - 1) for s in specs)
    ):
        raise UnsupportedError(f"{bundle.path}: tensorrt takes one free axis, the batch, first in every input and output", hint=_ELSEWHERE)
    return bool(names)


def _target(given: Array | None, shape: tuple[int, ...], dtype: str, sources: Arrays) -> Array:
    """The caller's array where it can be written in place, else a new one."""
    if given is None or not given.flags.c_contiguous or any(np.may_share_memory(given, source) for source in sources.values()):
        return np.empty(shape, dtype)
    return given


def _modules() -> tuple[ModuleType, ModuleType]:
    """TensorRT and the CUDA runtime: neither is there on a machine without a GPU, and `available` is to say so."""
    import tensorrt  # noqa: PLC0415 - see above
    from cuda.bindings import runtime  # noqa: PLC0415 - likewise

    return tensorrt, runtime
