"""Folders for the frameworks of the trigger and of servers: each comes with a test of its own, which passes, and fails when it must."""

import importlib.util
import re
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
_QUICK = "CXXFLAGS=-O1 -march=native"
_FOLDERS = {"cxx": ".", "gaudi": "test", "sofie": ".", "cuda": ".", "allen": "test"}
"""Where in a target's folder its test is."""
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


def _tested(target, folder, **more):
    """The target's own test, run in ``folder``."""
    return _run("make", "-C", _FOLDERS[target], "test", more.get("flags", _QUICK), f"CXX={more.get('cxx', 'g++')}", folder=folder)


@pytest.fixture
def one_to_one(tmp_path):
    """A model of one input and one output of any type, by a node of this kind."""

    def make(kind, before, after, *, name="m", values=None, wanted=None, width=2):
        rows = _RNG.normal(size=(6, width)).astype(np.float32) if values is None else values
        types = [helper.np_dtype_to_tensor_dtype(np.dtype(array.dtype)) for array in (rows, wanted)]
        ends = [helper.make_tensor_value_info(n, t, ["batch", width]) for n, t in zip((before, after), types, strict=True)]
        attributes = {"to": types[1]} if kind == "Cast" else {}
        graph = helper.make_graph([N(kind, [before], [after], **attributes)], "g", ends[:1], ends[1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        specs = [TensorSpec(n, str(array.dtype), ("batch", width)) for n, array in ((before, rows), (after, wanted))]
        reference = {before: rows}, {after: wanted}
        return write_bundle(tmp_path / "bundle", model.SerializeToString(), Signature((specs[0],), (specs[1],)), reference, name=name)

    return make


@pytest.mark.parametrize("target", _FOLDERS)
@pytest.mark.parametrize("name", ["two_outputs", "labels"])
def test_the_folder_passes_its_own_test(target, name, request, tmp_path):
    bundle = request.getfixturevalue(name)
    if (target, name) == ("sofie", "labels"):
        with pytest.raises(UnsupportedError, match="outputs of types float, std::int64_t"):
            generate(bundle, target, tmp_path / "out")
        return
    generate(bundle, target, tmp_path / "out")
    done = _tested(target, tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("target", _FOLDERS)
@pytest.mark.parametrize("wanted", ["99.0f", "__builtin_inff()"])
def test_the_test_fails_where_a_reference_value_is_another(target, wanted, two_outputs, tmp_path):
    generate(two_outputs, target, tmp_path / "out")
    reference = tmp_path / "out" / _FOLDERS[target] / "reference.hpp"
    head, _, tail = reference.read_text().partition("reference_score[] = {")
    line = tail.index("\n") + 1
    reference.write_text(f"{head}reference_score[] = {{{tail[:line]}    {wanted},{tail[line:].partition(',')[2]}")
    done = _tested(target, tmp_path / "out")
    assert done.returncode != 0
    assert f"wanted {'99' if wanted == '99.0f' else 'inf'}" in done.stdout, done.stdout + done.stderr


def test_the_test_fails_where_the_functor_of_gaudi_gives_nothing(two_outputs, tmp_path):
    generate(two_outputs, "gaudi", tmp_path / "out")
    functor = tmp_path / "out" / "include" / "TwoOutputsModel.h"
    functor.write_text(functor.read_text().replace("return {", "score.clear();\n    return {"))
    done = _tested("gaudi", tmp_path / "out")
    assert done.returncode != 0
    assert "score: wanted 12 values, got 0" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("target", ["gaudi", "sofie"])
@pytest.mark.parametrize("side", ["in", "out"])
def test_bool_is_refused_where_a_vector_must_hold_it(target, side, one_to_one, tmp_path):
    flags = _RNG.normal(size=(6, 2)) > 0
    given = {"values": flags, "wanted": flags.astype(np.float32)} if side == "in" else {"wanted": np.zeros((6, 2), np.bool_)}
    bundle = one_to_one("Cast" if side == "in" else "IsNaN", "x", "y", **given)
    with pytest.raises(UnsupportedError, match=f"target {target}: '{'x' if side == 'in' else 'y'}' is bool"):
        generate(bundle, target, tmp_path / "out")


@pytest.mark.parametrize("target", _FOLDERS)
@pytest.mark.parametrize(
    "words", [("gaudi", "Line", "made"), ("transformer", "model", "session"), ("X", "m_model", "wide"), ("std", "std", "Session")]
)
def test_a_model_may_be_called_what_the_framework_is_called(target, words, one_to_one, tmp_path):
    name, before, after = words
    rows = _RNG.normal(size=(6, 2)).astype(np.float32)
    generate(one_to_one("Tanh", before, after, name=name, values=rows, wanted=np.tanh(rows)), target, tmp_path / "out")
    done = _tested(target, tmp_path / "out", flags="CXXFLAGS=-O0")
    assert done.returncode == 0, done.stdout + done.stderr
    if target == "gaudi":
        _require_algorithm(tmp_path / "out")


@pytest.mark.parametrize("target", ["cxx", "gaudi", "sofie"])
def test_a_model_that_needs_more_memory_than_a_stack_has_passes_as_well(target, make_bundle, tmp_path):
    nodes = [N("Tile", ["features", "times"], ["t"]), N("Sin", ["t"], ["s"]), N("ReduceMax", ["s", "one"], ["score"])]
    bundle = make_bundle(nodes, {"times": np.array([1, 100_000]), "one": np.array([1])}, _RNG.normal(size=(2, 3)).astype(np.float32))
    generate(bundle, target, tmp_path / "out")
    text = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.hpp"))
    assert int(re.search(r"workspace_bytes = (\d+)", text)[1]) > 1 << 20
    shell = ["bash", "-c", 'ulimit -s 512 && exec "$@"', "bash"]
    done = _run(*shell, "make", "-C", _FOLDERS[target], "test", _QUICK, folder=tmp_path / "out")
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


def _require_algorithm(folder):
    """It is C++ with each of the two places where Gaudi has had its headers."""
    [algorithm] = (folder / "src").glob("*.cpp")
    for place in ("Gaudi/Functional", "GaudiAlg"):
        shutil.rmtree(folder / "stand_in", ignore_errors=True)
        (folder / "stand_in" / place).mkdir(parents=True)
        (folder / "stand_in" / place / "Transformer.h").write_text(_GAUDI)
        done = _run("g++", "-std=c++17", "-Iinclude", "-Istand_in", "-fsyntax-only", str(algorithm), folder=folder)
        assert done.returncode == 0, done.stderr


def test_the_algorithm_of_gaudi_is_code(two_outputs, tmp_path):
    generate(two_outputs, "gaudi", tmp_path / "out")
    _require_algorithm(tmp_path / "out")


def test_ports_of_gaudi_have_different_names(tmp_path):
    names = ("p_T", "p_t", "p_T_")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2]) for name in names]
    graph = helper.make_graph([N("Add", ["p_T", "p_t"], ["p_T_"])], "g", ends[:2], ends[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    rows = {name: _RNG.normal(size=(3, 2)).astype(np.float32) for name in names[:2]}
    specs = tuple(TensorSpec(name, "float32", ("batch", 2)) for name in names)
    reference = rows, {"p_T_": rows["p_T"] + rows["p_t"]}
    bundle = write_bundle(tmp_path / "b", model.SerializeToString(), Signature(specs[:2], specs[2:]), reference, name="m")
    generate(bundle, "gaudi", tmp_path / "out")
    ports = re.findall(r'KeyValue\{"(\w+)"', (tmp_path / "out" / "src" / "MAlgorithm.cpp").read_text())
    assert len(ports) == len(set(ports)) == 3
    _require_algorithm(tmp_path / "out")


@pytest.mark.parametrize("target", [*_FOLDERS, "triton"])
def test_the_folder_says_where_the_model_comes_from(target, make_bundle, tmp_path):
    bundle = make_bundle([N("ReduceSum", ["features", "one"], ["score"])], {"one": np.array([1])}, provenance={"seed": 31415})
    generate(bundle, target, tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert bundle.digest in readme
    assert "seed: 31415" in readme


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


def test_triton_serves_a_model_of_fixed_shape_without_a_batch(tmp_path):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "n"]) for name in ("x", "y"))
    model = helper.make_model(helper.make_graph([N("Tanh", ["x"], ["y"])], "g", [x], [y]), ir_version=10)
    rows = _RNG.normal(size=(1, 5)).astype(np.float32)
    signature = Signature(*((TensorSpec(name, "float32", (1, "n")),) for name in ("x", "y")))
    generate(write_bundle(tmp_path / "b", model.SerializeToString(), signature, ({"x": rows}, {"y": np.tanh(rows)}), name="m"),
             "triton", tmp_path / "out")  # fmt: skip
    parsed = text_format.Parse((tmp_path / "out" / "m" / "config.pbtxt").read_text(), _schema().ModelConfig())
    assert parsed.max_batch_size == 0
    assert list(parsed.input[0].dims) == [1, -1]
    assert not parsed.HasField("dynamic_batching")


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
    done = _tested(target, tmp_path / "out", cxx="clang++")
    assert done.returncode == 0, done.stdout + done.stderr
