"""One model of many kernels as text and as machine code: the same each time, without warnings, without heap, clean in threads."""
# ruff: noqa: E501 - a model reads better in long lines

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from test_trees import COLUMNS, edge_rows, ensemble_model, forest_attributes, runtime

from bartik.backends.native import session_of
from bartik.compiler import generate
from bartik.compiler.library import library_source
from bartik.compiler.pipeline import compiled
from bartik.compiler.tuning import Tuning
from bartik.core import Signature, TensorSpec
from bartik.core.bundle import write_bundle

N = helper.make_node
_RNG = np.random.default_rng(0)
_COMPILERS = [name for name in ("g++-11", "g++-12", "g++-13", "clang++", "clang++-14", "clang++-19") if shutil.which(name)] or ["g++"]


@pytest.fixture(scope="module", params=["float32", "float64"])
def everything(tmp_path_factory, request):
    """Dense, convolutions, pooling, recurrent layer, softmax, sort, gather, scatter, trees (in float32 always): with a batch."""
    kind = request.param
    tree = {
        "nodes_treeids": [0, 0, 0, 1, 1, 1], "nodes_nodeids": [0, 1, 2] * 2, "nodes_featureids": [0, 0, 0, 3, 0, 0],
        "nodes_values": [0.1, 0, 0, -0.2, 0, 0], "nodes_modes": ["BRANCH_LT", "LEAF", "LEAF"] * 2, "nodes_truenodeids": [1, 0, 0] * 2,
        "nodes_falsenodeids": [2, 0, 0] * 2, "target_treeids": [0, 0, 1, 1], "target_nodeids": [1, 2, 1, 2], "target_ids": [0] * 4,
        "target_weights": [1.0, 2.0, 0.5, -1.0], "n_targets": 1,
    }  # fmt: skip
    nodes = [
        N("Cast", ["x"], ["single"], to=TensorProto.FLOAT), N("TreeEnsembleRegressor", ["single"], ["leaves"], domain="ai.onnx.ml", **tree),
        N("CastLike", ["leaves", "x"], ["tree"]), N("Reshape", ["x", "planes"], ["p"]),
        N("Conv", ["p", "w"], ["c"], pads=[1, 1]), N("Relu", ["c"], ["r"]), N("MaxPool", ["r"], ["m"], kernel_shape=[2], strides=[2]),
        N("Transpose", ["m"], ["steps"], perm=[2, 0, 1]), N("LSTM", ["steps", "lw", "lr"], ["", "h"], hidden_size=5), N("Squeeze", ["h", "zero"], ["last"]),
        N("Softmax", ["last"], ["s"], axis=1), N("TopK", ["last", "two"], ["t", "at"], axis=1), N("GatherElements", ["s", "at"], ["g"], axis=1),
        N("ScatterElements", ["last", "at", "g"], ["put"], axis=1, reduction="add"), N("Reshape", ["x", "squares"], ["q"]),
        N("ConvTranspose", ["q", "tw"], ["large"], strides=[2, 2], pads=[1, 1, 0, 1]), N("Conv", ["large", "nw"], ["n"], strides=[2, 2]), N("Flatten", ["n"], ["few"]),
        N("Concat", ["tree", "put", "t", "s", "few"], ["all"], axis=1),
        N("Gemm", ["all", "wide"], ["hidden"]), N("Gelu", ["hidden"], ["d"]), N("Gemm", ["d", "dense"], ["y"]),
    ]  # fmt: skip
    tables = {
        "planes": np.array([-1, 2, 20]), "w": _RNG.normal(size=(6, 2, 3)).astype(kind), "zero": np.array([0]), "two": np.array([2]),
        "lw": _RNG.normal(size=(1, 20, 6)).astype(kind), "lr": _RNG.normal(size=(1, 20, 5)).astype(kind),
        "squares": np.array([-1, 10, 2, 2]), "tw": _RNG.normal(size=(10, 32, 3, 3)).astype(kind) / 9, "nw": _RNG.normal(size=(40, 32, 2, 2)).astype(kind) / 9,
        "wide": _RNG.normal(size=(93, 70)).astype(kind) / 9, "dense": _RNG.normal(size=(70, 3)).astype(kind) / 9,
    }  # fmt: skip
    x, y = (
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), ["batch", n])
        for name, n in (("x", 40), ("y", 3))
    )
    graph = helper.make_graph(nodes, "g", [x], [y], [numpy_helper.from_array(v, k) for k, v in tables.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)])
    from onnx.reference import ReferenceEvaluator

    rows = _RNG.normal(size=(37, 40)).astype(kind)
    wanted = ReferenceEvaluator(model).run(None, {"x": rows})[0]
    signature = Signature((TensorSpec("x", kind, ("batch", 40)),), (TensorSpec("y", kind, ("batch", 3)),))
    folder = tmp_path_factory.mktemp("everything")
    return write_bundle(folder / "b", model.SerializeToString(), signature, ({"x": rows}, {"y": wanted}), name="everything")


def _make(bundle, folder, compiler, flags):
    generate(bundle, "cxx", folder)
    return subprocess.run(["make", "test", f"CXX={compiler}", f"CXXFLAGS={flags}"], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("flags", ["-O1 -march=native -ffp-contract=fast", "-O1 -mavx2 -mfma -ffp-contract=fast", "-O1"])
@pytest.mark.parametrize("compiler", [_COMPILERS[0], *(pytest.param(name, marks=pytest.mark.slow) for name in _COMPILERS[1:])])
def test_it_compiles_without_a_warning_and_gives_the_reference(everything, tmp_path, compiler, flags):
    done = _make(everything, tmp_path / "out", compiler, flags)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert " 0 values wrong" in done.stdout


@pytest.mark.parametrize("depth", [3, 8])
@pytest.mark.parametrize("compiler", ["g++", *(pytest.param(name, marks=pytest.mark.slow) for name in _COMPILERS)])
def test_trees_and_nothing_else_compile_without_a_warning_and_give_the_reference(tmp_path, compiler, depth):
    """Blocks of rows then share one call, and nothing stands before it but what takes them from memory."""
    model, rows = ensemble_model(forest_attributes(1, trees=9, depth=depth)), edge_rows(1, 80)
    signature = Signature((TensorSpec("x", "float32", ("batch", COLUMNS)),), (TensorSpec("y", "float32", ("batch", 1)),))
    reference = {"x": rows}, {"y": runtime(model, rows)}
    bundle = write_bundle(tmp_path / "b", model.SerializeToString(), signature, reference, name="forest")
    done = _make(bundle, tmp_path / "out", compiler, "-O1 -mavx2 -mfma -ffp-contract=fast")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.mark.parametrize("compiler", _COMPILERS[:1] + [name for name in _COMPILERS[1:] if name.startswith("clang")])
def test_a_small_network_gives_the_same_bits_alone_and_in_a_batch_whatever_the_compiler_knows(small_bundle, tmp_path, compiler):
    """Of inputs that it knows a compiler computes products and sums beforehand, and rounds them one by one."""
    done = _make(small_bundle, tmp_path / "out", compiler, "-O3 -mavx2 -mfma -ffp-contract=fast")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_a_row_gives_the_same_bits_alone_and_beside_others(everything, blocks):
    """Dense layers and convolutions of few places take several rows at once."""
    assert ("detail::several(" in compiled(everything, Tuning(blocks=blocks)).header) == (blocks > 1)
    session, rows = session_of(everything, Tuning(blocks=blocks)), everything.reference()[0]["x"]
    alone = np.concatenate([session.run({"x": row[None].copy()})["y"] for row in rows])
    for count in range(1, 12):
        assert np.array_equal(session.run({"x": rows[:count].copy()})["y"], alone[:count])


@pytest.mark.slow
@pytest.mark.parametrize("flags", ["-march=native", ""])
def test_it_is_clean_under_sanitizers(everything, tmp_path, flags):
    checks = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
    done = _make(everything, tmp_path / "out", "g++", f"{checks} {flags}")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_it_uses_no_heap_and_has_nothing_that_can_be_written(everything, tmp_path):
    (tmp_path / "x.cpp").write_text(library_source(compiled(everything)))
    subprocess.run(["g++", "-std=c++17", "-O2", "-march=native", "-c", "x.cpp", "-o", "x.o"], cwd=tmp_path, check=True)
    table = subprocess.run(["nm", "-C", "x.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    kinds = [line[17:].split(maxsplit=1) for line in table.splitlines()]
    assert [name for kind, name in kinds if kind in "bBdDC"] == []
    needed = {name for kind, name in kinds if kind == "U"}
    assert not {name for name in needed if any(word in name for word in ("alloc", "free", "operator new", "operator delete", "__cxa"))}


def test_the_text_is_the_same_in_another_process(everything):
    program = "import sys, bartik; from bartik.compiler import stages; print(stages(bartik.load(sys.argv[1]))['cxx'])"
    texts = {
        subprocess.run([sys.executable, "-c", program, str(everything.path)], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(texts) == 1
