"""Our side of the way into TensorRT, against a stand-in that has the calls of its documentation and nothing of its insides."""
# ruff: noqa: N802, N815 - the names are CUDA's

import ctypes
import types
from enum import IntEnum

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from bartik.backends import prepare
from bartik.backends import tensorrt as backend
from bartik.core import Availability, BackendError, Signature, TensorSpec, UnsupportedError, UsageError
from bartik.testing import BackendContract
from bartik.testing.models import dense_bundle


class Status(IntEnum):
    cudaSuccess = 0
    cudaErrorMemoryAllocation = 2


class Cuda:
    """Memory of the GPU is memory of ours; what is asked for and given back is counted."""

    cudaMemcpyKind = types.SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)

    def __init__(self):
        self.held, self.streams, self.refuse = {}, 0, False

    def cudaMalloc(self, size):
        if self.refuse:
            return Status.cudaErrorMemoryAllocation, 0
        buffer = ctypes.create_string_buffer(size)
        self.held[ctypes.addressof(buffer)] = buffer
        return Status.cudaSuccess, ctypes.addressof(buffer)

    def cudaFree(self, place):
        del self.held[place]
        return (Status.cudaSuccess,)

    def cudaStreamCreate(self):
        self.streams += 1
        return Status.cudaSuccess, 7

    def cudaStreamDestroy(self, _):
        self.streams -= 1
        return (Status.cudaSuccess,)

    def cudaMemcpyAsync(self, target, source, size, kind, stream):
        place = target if kind == 1 else source
        assert stream == 7
        assert size <= len(self.held[place])
        ctypes.memmove(target, source, size)
        return (Status.cudaSuccess,)

    def cudaStreamSynchronize(self, _):
        return (Status.cudaSuccess,)


class Context:
    def __init__(self, engine):
        self.engine, self.shapes, self.places = engine, {}, {}

    def set_input_shape(self, name, shape):
        low, high = self.engine.profile[name]
        assert all(least <= size <= most for least, size, most in zip(low, shape, high, strict=True))
        self.shapes[name] = shape

    def set_tensor_address(self, name, place):
        self.places[name] = place

    def execute_async_v3(self, _):
        inputs = {}
        for name, shape in self.shapes.items():
            memory = (ctypes.c_float * int(np.prod(shape))).from_address(self.places[name])
            inputs[name] = np.frombuffer(memory, np.float32).reshape(shape).copy()
        for value, found in zip(self.engine.graph.output, self.engine.evaluator.run(None, inputs), strict=True):
            ctypes.memmove(self.places[value.name], np.ascontiguousarray(found).ctypes.data, found.nbytes)
        return True


class Engine:
    def __init__(self, content, profile):
        model = onnx.load_from_string(content)
        self.graph, self.evaluator, self.profile = model.graph, ReferenceEvaluator(model), profile
        self.inputs = [value.name for value in model.graph.input]
        self.names = self.inputs + [value.name for value in model.graph.output]
        self.num_io_tensors = len(self.names)

    def get_tensor_name(self, place):
        return self.names[place]

    def get_tensor_mode(self, name):
        return "in" if name in self.inputs else "out"

    def get_tensor_dtype(self, name):
        return "float"

    def create_execution_context(self):
        return Context(self)


class Parser:
    def __init__(self, network, logger):
        self.network, self.num_errors = network, 0

    def parse(self, content):
        self.network.append(content)
        try:
            ReferenceEvaluator(onnx.load_from_string(content))
        except Exception as error:  # noqa: BLE001 - the evaluator raises several kinds
            self.num_errors, self.error = 1, error
        return not self.num_errors

    def get_error(self, _):
        return types.SimpleNamespace(node_operator=lambda: "op", node_name=lambda: "the_node", desc=lambda: str(self.error))


class Builder:
    def __init__(self, logger):
        self.flags = {"TF32"}

    def create_network(self, _):
        return []

    def create_builder_config(self):
        return types.SimpleNamespace(
            clear_flag=self.flags.remove, add_optimization_profile=lambda profile: setattr(self, "profile", profile)
        )

    def create_optimization_profile(self):
        profile = {}
        return types.SimpleNamespace(shapes=profile, set_shape=lambda name, low, best, high: profile.__setitem__(name, (low, high)))

    def build_serialized_network(self, network, config):
        assert not self.flags
        return network[0], self.profile.shapes


TRT = types.SimpleNamespace(
    Logger=type("Logger", (), {"ERROR": 1, "__init__": lambda self, _: None}),
    Builder=Builder,
    OnnxParser=Parser,
    BuilderFlag=types.SimpleNamespace(TF32="TF32"),
    TensorIOMode=types.SimpleNamespace(INPUT="in"),
    Runtime=lambda _: types.SimpleNamespace(deserialize_cuda_engine=lambda plan: Engine(*plan)),
    nptype=lambda _: np.float32,
)


@pytest.fixture(autouse=True)
def cuda(monkeypatch):
    cuda = Cuda()
    monkeypatch.setattr(backend, "_modules", lambda: (TRT, cuda))
    monkeypatch.setattr(backend, "available", lambda: Availability(ok=True, version="a stand-in"))
    return cuda


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle", (5, 4, 1))


class TestContract(BackendContract):
    backend = "tensorrt"
    options = {"batch": 16}  # noqa: RUF012 - a test class


def test_memory_streams_and_contexts_are_given_back_with_the_session(bundle, cuda):
    session = prepare(bundle, "tensorrt", batch=8)
    session.run(bundle.reference()[0])
    assert (len(cuda.held), cuda.streams) == (2, 1)
    assert sorted(len(buffer) for buffer in cuda.held.values()) == [8 * 4, 8 * 5 * 4]
    del session
    assert (cuda.held, cuda.streams) == ({}, 0)


def test_what_cuda_refuses_is_a_clear_refusal(bundle, cuda):
    cuda.refuse = True
    with pytest.raises(BackendError, match="CUDA refused: cudaErrorMemoryAllocation\n  see that the GPU has free memory"):
        prepare(bundle, "tensorrt")
    assert cuda.streams == 0


def test_other_free_axes_and_a_batch_below_one_are_refused(bundle):
    with pytest.raises(UsageError, match="option batch of backend tensorrt: wanted 1 or more, got 0"):
        prepare(bundle, "tensorrt", batch=0)
    free = TensorSpec("features", "float32", ("batch", "tracks"))
    object.__setattr__(bundle, "signature", Signature((free,), bundle.signature.outputs))
    with pytest.raises(UnsupportedError, match="takes one free axis, the batch, first in every input and output"):
        backend._has_batch(bundle)
