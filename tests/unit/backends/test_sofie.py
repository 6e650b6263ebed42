"""Our side of the way into SOFIE: what it is given, and the C++ around what it gives, here around a stand-in of ours."""

import ctypes
import types
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.backends import _sofie as parts
from bartik.backends import prepare
from bartik.backends import sofie as backend
from bartik.compiler.build import build_shared
from bartik.core import Availability, BundleError, Signature, TensorSpec, UnsupportedError, UsageError
from bartik.testing.models import dense_bundle, model_bundle, random_rows

GENERATED = """
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>
namespace TMVA_SOFIE_{name} {{
struct Session {{  // of the model 'first and last of three, times a weight' for {batch} rows
  float weight = 0;
  std::vector<float> first = std::vector<float>({batch}), last = first;
  Session(std::string path) {{ std::ifstream file(path); if (!(file >> weight)) throw std::runtime_error("no weights"); }}
  std::vector<std::vector<float>> infer(float const* x) {{
    for (int row = 0; row < {batch}; ++row) {{ first[row] = weight * x[3 * row]; last[row] = weight * x[3 * row + 2]; }}
    return {{first, last}};
  }}
}};
}}
"""


class Root:
    """ROOT's part: parses, generates the text above, and compiles what is declared."""

    def __init__(self):
        sofie = types.SimpleNamespace(RModelParser_ONNX=lambda: types.SimpleNamespace(Parse=self.parse))
        self.TMVA = types.SimpleNamespace(Experimental=types.SimpleNamespace(SOFIE=sofie))
        self.gInterpreter = types.SimpleNamespace(Declare=self.declare)
        self.parsed, self.fault = [], None

    def parse(self, path):
        if self.fault:
            raise self.fault
        self.parsed.append(onnx.load(path))
        return types.SimpleNamespace(Generate=lambda: None, OutputGenerated=self.write)

    def write(self, header):
        name = header.rpartition("/")[2].removesuffix(".hxx")
        Path(header).write_text(GENERATED.format(name=name, batch=name.rpartition("_")[2]), encoding="utf-8")
        Path(header).with_suffix(".dat").write_text("2.5", encoding="utf-8")

    def declare(self, text):
        include, _, rest = text.partition("\n")
        source = "#pragma GCC visibility push(default)\n" + Path(include.split(chr(34))[1]).read_text(encoding="utf-8") + rest
        library = ctypes.CDLL(str(build_shared(source, name="sofie_test", flags=("-std=c++17", "-O1", "-Wall", "-Werror"))))
        name = rest.partition("TMVA_SOFIE_")[2].partition("::")[0]
        address = ctypes.c_size_t
        for suffix, result, arguments in (
            ("make", address, [ctypes.c_char_p]),
            ("drop", None, [address]),
            ("run", ctypes.c_int, [address] * 5),
        ):
            function = library[f"{name}_{suffix}"]
            function.restype, function.argtypes = result, arguments
            setattr(self, f"{name}_{suffix}", (lambda path, f=function: f(path.encode())) if suffix == "make" else function)
        return True


@pytest.fixture
def root(monkeypatch):
    root = Root()
    monkeypatch.setattr(backend, "_root", lambda: root)
    monkeypatch.setattr(backend, "available", lambda: Availability(ok=True, version="a stand-in"))
    return root


@pytest.fixture
def bundle(tmp_path):
    """First and last of three numbers, times 2.5, under names that no C++ compiler should see."""
    hostile = 'x"; system("true"); //'
    nodes = [
        helper.make_node("Mul", [hostile, "weight\n"], ["scaled"], name="a\nb"),
        helper.make_node("Split", ["scaled", "sizes"], ["first", "middle", "last"], axis=1),
    ]
    row = ["batch", 3]
    graph = helper.make_graph(
        nodes,
        hostile,
        [helper.make_tensor_value_info(hostile, TensorProto.FLOAT, row)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1]) for name in ("last", "first")],
        [numpy_helper.from_array(np.array([2.5], np.float32), "weight\n"), numpy_helper.from_array(np.array([1, 1, 1]), "sizes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    outputs = tuple(TensorSpec(name, "float32", ("batch", 1)) for name in ("first", "last"))
    return model_bundle(
        tmp_path / "bundle", model, Signature((TensorSpec(hostile, "float32", ("batch", 3)),), outputs), {hostile: random_rows(9, 3)}
    )


def test_the_graph_it_gets_has_numbers_for_axes_and_no_text_of_the_author(bundle):
    model, inputs, outputs = parts.plain_model(bundle, 4)
    assert (inputs, outputs) == ([bundle.signature.inputs[0].name], ["last", "first"])
    assert b"system" not in model.SerializeToString()
    assert b"weight" not in model.SerializeToString()
    assert [axis.dim_value for axis in model.graph.input[0].type.tensor_type.shape.dim] == [4, 3]
    rows = bundle.reference()[0][inputs[0]][:4]
    found = ReferenceEvaluator(model).run(None, {model.graph.input[0].name: rows})
    np.testing.assert_array_equal(found[0], bundle.reference()[1]["last"][:4])


def test_rows_go_through_in_blocks_and_the_last_one_is_filled_up(bundle, root):
    features, outputs = bundle.reference()
    (name,) = features
    session = prepare(bundle, "sofie", batch=4)
    swapped = {"first": outputs["last"], "last": outputs["first"]}  # the stand-in gives them in its own order
    for rows in (0, 1, 3, 4, 5, 8, 9):
        found = session.run({name: features[name][:rows]})
        for key, array in swapped.items():
            np.testing.assert_array_equal(found[key], array[:rows])
    out = {key: np.zeros_like(array) for key, array in outputs.items()}
    assert session.run(features, out) is out
    np.testing.assert_array_equal(out["first"], swapped["first"])
    assert len(session._idle) == 1


def test_what_sofie_refuses_is_said_in_its_words_and_a_batch_below_one_refused(bundle, root):
    root.fault = TypeError("Template error\n  TMVA::SOFIE - operator TreeEnsemble is not supported\n  more")
    with pytest.raises(UnsupportedError, match=r"SOFIE refused the model \(TMVA::SOFIE - operator TreeEnsemble is not supported\)"):
        prepare(bundle, "sofie")
    with pytest.raises(UsageError, match="option batch of backend sofie: wanted 1 or more, got 0"):
        prepare(bundle, "sofie", batch=0)


def test_other_free_axes_and_types_are_refused(tmp_path):
    bundle = dense_bundle(tmp_path / "bundle", (5, 1))
    for dtype, shape, words in (
        ("float32", ("batch", "tracks"), "takes one free axis"),
        ("float64", ("batch", 5), "is float64, SOFIE takes"),
    ):
        object.__setattr__(bundle, "signature", Signature((TensorSpec("features", dtype, shape),), bundle.signature.outputs))
        with pytest.raises(UnsupportedError, match=words):
            parts.check_shapes(bundle)


def test_a_graph_within_a_graph_and_a_torn_file_are_refused(tmp_path, bundle):
    inner = helper.make_graph([], "inner", [], [])
    model = bundle.model()
    model.graph.node[0].attribute.append(helper.make_attribute("body", inner))
    bundle.model_path.write_bytes(model.SerializeToString())
    with pytest.raises(UnsupportedError, match="holds a graph of its own"):
        parts.plain_model(bundle, 1)
    bundle.model_path.write_bytes(bundle.model_path.read_bytes()[:-30])
    with pytest.raises(BundleError):
        parts.plain_model(bundle, 1)
