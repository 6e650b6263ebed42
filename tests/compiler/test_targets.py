"""Folders for the frameworks of the trigger and of servers: each comes with a test of its own, which passes, and fails when it must."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from bartik.compiler import generate
from bartik.compiler.emit.triton import quoted
from bartik.compiler.targets import TARGETS
from bartik.core import Signature, TensorSpec, UnsupportedError
from bartik.core.bundle import write_bundle

N = helper.make_node
_RNG = np.random.default_rng(0)
_GAUDI = """#pragma once
#include <initializer_list>
#include <string>
#include <utility>
struct ISvcLocator {};
#define DECLARE_COMPONENT(name) template class Declared<name>;
template <class T> class Declared {};
using KeyValue = std::pair<std::string, std::string>;
struct Ports {
  Ports(KeyValue) {}
  Ports(std::initializer_list<KeyValue>) {}
};
namespace Gaudi::Functional {
template <class> class Transformer;
template <class Out, class... In> class Transformer<Out(In...)> {
 public:
  Transformer(std::string, ISvcLocator*, Ports, Ports) {}
  virtual ~Transformer() = default;
  virtual Out operator()(In...) const = 0;
  using KeyValue = ::KeyValue;
};
template <class T> class MultiTransformer : public Transformer<T> {
 public:
  using Transformer<T>::Transformer;
};
}
"""
"""What the generated algorithm uses of Gaudi, with the documented names: it shows that the text is C++, not that Gaudi takes it."""


@pytest.fixture
def two_outputs(make_bundle):
    nodes = [N("Gemm", ["features", "w"], ["h"]), N("Tanh", ["h"], ["wide"]), N("ReduceSum", ["wide", "one"], ["score"])]
    constants = {"w": _RNG.normal(size=(3, 4)).astype(np.float32), "one": np.array([1])}
    return make_bundle(nodes, constants, _RNG.normal(size=(12, 3)).astype(np.float32), {"wide": 4, "score": 1}, name="two_outputs")


@pytest.fixture
def labels(tmp_path):
    """A classifier's label and its scores; names that are no words of C++."""
    nodes = [N("Softmax", ['in "quotes"\n'], ["scores"], axis=1), N("ArgMax", ["scores"], ["class"], axis=1, keepdims=0)]
    x = helper.make_tensor_value_info('in "quotes"\n', TensorProto.FLOAT, ["batch", 3])
    outputs = [
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3]),
        helper.make_tensor_value_info("class", TensorProto.INT64, ["batch"]),
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", [x], outputs), opset_imports=[helper.make_opsetid("", 20)])
    rows = _RNG.normal(size=(8, 3)).astype(np.float32)
    scores = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
    signature = Signature(
        (TensorSpec('in "quotes"\n', "float32", ("batch", 3)),),
        (TensorSpec("scores", "float32", ("batch", 3)), TensorSpec("class", "int64", ("batch",))),
    )
    reference = {'in "quotes"\n': rows}, {"scores": scores, "class": scores.argmax(1)}
    return write_bundle(tmp_path / "labels", model.SerializeToString(), signature, reference, name='the "labels" */')


def _run(*command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("target", "folder"), [("cxx", "."), ("gaudi", "test"), ("sofie", "."), ("cuda", "."), ("allen", "test")])
@pytest.mark.parametrize("name", ["two_outputs", "labels"])
def test_the_folder_passes_its_own_test(target, folder, name, request, tmp_path):
    bundle = request.getfixturevalue(name)
    if (target, name) == ("sofie", "labels"):
        with pytest.raises(UnsupportedError, match="outputs of types float, std::int64_t"):
            generate(bundle, target, tmp_path / "out")
        return
    generate(bundle, target, tmp_path / "out")
    done = _run("make", "-C", folder, "test", "MARCH=native", folder=tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("target", "folder"), [("gaudi", "test"), ("sofie", ".")])
def test_the_test_fails_where_a_reference_value_is_another(target, folder, two_outputs, tmp_path):
    generate(two_outputs, target, tmp_path / "out")
    reference = tmp_path / "out" / folder / "reference.hpp"
    head, _, tail = reference.read_text().partition("reference_score[] = {")
    line = tail.index("\n") + 1
    reference.write_text(f"{head}reference_score[] = {{{tail[:line]}    99.0f,{tail[line:].partition(',')[2]}")
    done = _run("make", "-C", folder, "test", folder=tmp_path / "out")
    assert done.returncode != 0
    assert "wanted 99" in done.stdout, done.stdout + done.stderr


def test_the_algorithm_of_gaudi_is_code(two_outputs, tmp_path):
    generate(two_outputs, "gaudi", tmp_path / "out")
    for name in ("Gaudi/Algorithm.h", "GaudiAlg/MultiTransformer.h"):
        (tmp_path / "out" / "include" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / "include" / name).write_text(_GAUDI)
    done = _run("g++", "-std=c++17", "-Iinclude", "-fsyntax-only", "src/TwoOutputsAlgorithm.cpp", folder=tmp_path / "out")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_functor_of_gaudi_is_clean_in_many_threads(two_outputs, tmp_path):
    generate(two_outputs, "gaudi", tmp_path / "out")
    flags = "CXXFLAGS=-O1 -g -march=native -fsanitize=thread"
    done = _run("setarch", "-R", "make", "-C", "test", "test", flags, folder=tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr


def _schema():
    """Triton's own schema, from the file that its client's package has; the client itself is not needed."""
    found = importlib.util.find_spec("tritonclient")
    if found is None or not found.submodule_search_locations:
        pytest.skip("tritonclient is not installed: pip install tritonclient")
    path = Path(found.submodule_search_locations[0]) / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("model_config_pb2", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["two_outputs", "labels"])
def test_tritons_schema_takes_the_configuration(name, request, tmp_path):
    bundle = request.getfixturevalue(name)
    generate(bundle, "triton", tmp_path / "out")
    [config] = (tmp_path / "out").glob("*/config.pbtxt")
    parsed = text_format.Parse(config.read_text(), _schema().ModelConfig())
    assert parsed.name == config.parent.name
    assert parsed.max_batch_size > 0
    assert [tensor.name for tensor in parsed.input] == [spec.name for spec in bundle.signature.inputs]
    assert [tensor.name for tensor in parsed.output] == [spec.name for spec in bundle.signature.outputs]
    for tensor, spec in zip(parsed.output, bundle.signature.outputs, strict=True):
        assert list(tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims) == list(spec.shape[1:])
    assert (config.parent / "1" / "model.onnx").read_bytes() == bundle.model_path.read_bytes()


def test_a_server_takes_a_model_that_our_compiler_lacks(make_bundle, tmp_path):
    bundle = make_bundle([N("Unique", ["features"], ["u"]), N("ReduceSum", ["features", "one"], ["score"])], {"one": np.array([1])})
    generate(bundle, "triton", tmp_path / "out")
    assert list((tmp_path / "out").glob("*/config.pbtxt"))


@given(st.text(max_size=20))
def test_any_name_survives_protobuf_text(name):
    from onnx import StringStringEntryProto

    assert text_format.Parse(f"key: {quoted(name)}", StringStringEntryProto()).key == name


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_in_the_documentation(target):
    text = (Path(__file__).parents[2] / "docs" / "targets.md").read_text(encoding="utf-8")
    assert f"## `{target}`" in text


@pytest.mark.skipif(shutil.which("clang++") is None, reason="clang++ is not installed; apt install clang")
@pytest.mark.parametrize("target", ["gaudi", "sofie", "cuda"])
def test_the_folder_passes_with_clang(target, two_outputs, tmp_path):
    generate(two_outputs, target, tmp_path / "out")
    done = _run("make", "-C", "test" if target == "gaudi" else ".", "test", "CXX=clang++", folder=tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
