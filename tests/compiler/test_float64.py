"""Models that compute in float64: random graphs made so, mixtures with float32, trees behind a product, and what is refused."""

import ctypes
import shutil
import subprocess
from collections import Counter

import numpy as np
import pytest
from graph_doubles import check, graphs, mixtures, understood
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import bartik
from bartik.compiler import generate, stages
from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.frontend import read_graph
from bartik.compiler.library import library_source
from bartik.compiler.passes import optimise
from bartik.compiler.pipeline import compiled
from bartik.compiler.semantics import interpret
from bartik.core import Signature, TensorSpec, UnsupportedError
from bartik.core.bundle import write_bundle

_PARTS = [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 12))]


@pytest.mark.parametrize("part", _PARTS)
def test_random_graphs_in_float64_mean_what_onnx_says_and_so_does_their_machine_code(part, tmp_path):
    done, seen = [], Counter()
    for number, made in graphs(range(250 * part, 250 * part + 250), by_evaluator=True):
        bundle = made.bundle(tmp_path / f"g{number}", name=f"graph_{number}")
        try:
            graph = read_graph(bundle)
        except UnsupportedError:
            continue
        for stage, what in ((graph, "as read"), (optimise(graph), "after the passes")):
            with np.errstate(all="ignore"):
                check(made, interpret(stage, made.inputs), f"graph {number}, {what}")
        if graph.real == "float64" and len(done) < 60:
            done.append((number, made, compiled(bundle)))
            seen.update(made.kinds)
    assert len(done) == 60
    assert len(seen) > 40
    _check_machine_code(done)


@pytest.mark.parametrize("part", _PARTS)
def test_machine_code_of_what_the_evaluator_lacks_is_its_meaning_in_numpy_and_near_to_float32(part, tmp_path):
    done, seen = [], Counter()
    for number, made in graphs(range(250 * part, 250 * part + 250), by_evaluator=False):
        bundle = made.bundle(tmp_path / f"g{number}", name=f"graph_{number}")
        try:
            right = understood(made, tmp_path / f"r{number}")
        except UnsupportedError:
            continue
        done.append((number, right, compiled(bundle)))
        seen.update(made.kinds)
    assert len(done) > 25
    assert {"AveragePool", "GRU", "LSTM", "MaxPool"} <= {*seen}
    _check_machine_code(done[:40])


@pytest.mark.parametrize("part", _PARTS)
def test_random_mixtures_of_float32_and_float64_mean_what_onnx_says_and_so_does_their_machine_code(part, tmp_path):
    done = []
    for number, made in mixtures(range(200 * part, 200 * part + 200)):
        bundle = made.bundle(tmp_path / f"g{number}", name=f"graph_{number}")
        try:
            graph = read_graph(bundle)
        except UnsupportedError:
            continue
        for stage, what in ((graph, "as read"), (optimise(graph), "after the passes")):
            with np.errstate(all="ignore"):
                made.check(_shaped(made, interpret(stage, made.inputs)), f"graph {number}, {what}")
        if graph.real == "float64" and len(done) < 50:
            done.append((number, made, compiled(bundle)))
    assert len(done) == 50
    _check_machine_code(done, lambda made, found, what: made.check(found, what))


def _shaped(made, found):
    return {name: found[name].reshape(wanted.shape) for name, wanted in made.outputs.items()}


def _check_machine_code(done, check=check):
    """The same numbers, and of a batch the same bits as of its first row alone."""
    source = "".join(library_source(one).replace("bartik_", f"bartik_{number}_") for number, _, one in done)
    library = ctypes.CDLL(str(build_shared(source, name="random_doubles", flags=[*FLAGS, "-Wall", "-Wextra", "-Werror"])))
    for number, made, _ in done:
        run = getattr(library, f"bartik_{number}_run")
        run.argtypes, run.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t), None
        found = _called(run, made, slice(None))
        check(made, found, f"machine code of graph {number}")
        if made.free:
            alone = _called(run, made, slice(0, 1))
            assert all(np.array_equal(alone[name], found[name][:1], equal_nan=True) for name in alone), number


def _called(run, made, rows):
    take = rows if made.free else slice(None)
    inputs = {name: np.ascontiguousarray(array[take]) for name, array in made.inputs.items()}
    outputs = {name: np.empty(array[take].shape if made.free else array.shape, array.dtype) for name, array in made.outputs.items()}
    pointers = [(ctypes.c_void_p * len(side))(*(a.ctypes.data for a in side.values())) for side in (inputs, outputs)]
    run(*pointers, len(next(iter(inputs.values()))) if made.free else 1)
    return outputs


def _bundle(folder, nodes, constants, rows, outputs, *, double=()):
    """A bundle with one input; ``outputs`` by name with their widths, those in ``double`` of float64."""
    kinds = {name: np.float64 if name in double else np.float32 for name in outputs}
    infos = [helper.make_tensor_value_info("features", helper.np_dtype_to_tensor_dtype(rows.dtype), ["batch", *rows.shape[1:]])]
    ends = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.dtype(kinds[n])), ["batch", w]) for n, w in outputs.items()]
    tables = [numpy_helper.from_array(np.asarray(values), name) for name, values in constants.items()]
    domains = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(helper.make_graph(nodes, "mixed", infos, ends, tables), opset_imports=domains, ir_version=10)
    found = ReferenceEvaluator(model).run(list(outputs), {"features": rows})
    specs = tuple(TensorSpec(n, np.dtype(kinds[n]).name, ("batch", w)) for n, w in outputs.items())
    signature = Signature((TensorSpec("features", rows.dtype.name, ("batch", *rows.shape[1:])),), specs)
    reference = {"features": rows}, dict(zip(outputs, found, strict=True))
    return write_bundle(folder, model.SerializeToString(), signature, reference, name="mixed")


def _cast(start, end, to):
    return helper.make_node("Cast", [start], [end], to=to)


def test_what_is_float32_in_a_mixture_is_rounded_as_such(tmp_path):
    rng = np.random.default_rng(3)
    rows = (1e3 + rng.normal(size=(50, 4))).astype(np.float32)
    nodes = [
        helper.make_node("Mul", ["features", "scale"], ["scaled"]),  # of float32: a sum with it must not be fused
        helper.make_node("Sub", ["scaled", "offset"], ["centred"]),
        _cast("centred", "wide", TensorProto.DOUBLE),
        helper.make_node("Gemm", ["wide", "w", "b"], ["sum"]),
        _cast("sum", "score", TensorProto.FLOAT),
    ]
    constants = {"scale": np.float32([0.1, 0.3, 0.7, 1.1]), "offset": np.float32([100, 300, 700, 1100])}
    constants |= {"w": rng.normal(size=(4, 1)), "b": rng.normal(size=1)}
    bundle = _bundle(tmp_path / "b", nodes, constants, rows, {"score": 1})
    scores = bartik.prepare(bundle, "native").run({"features": rows})["score"]
    np.testing.assert_array_equal(scores, bundle.reference()[1]["score"])


def test_sums_and_shares_come_as_near_as_float64_can(tmp_path):
    rows = np.random.default_rng(4).normal(size=(20, 33)) * 30
    nodes = [
        helper.make_node("Softmax", ["features"], ["shares"], axis=1),
        helper.make_node("ReduceSum", ["features", "axes"], ["sum"]),
        helper.make_node("ReduceMax", ["features", "axes"], ["largest"]),
        helper.make_node("ReduceL2", ["features", "axes"], ["length"]),
    ]
    widths = {"shares": 33, "sum": 1, "largest": 1, "length": 1}
    bundle = _bundle(tmp_path / "b", nodes, {"axes": np.array([1])}, rows, widths, double=widths)
    found = bartik.prepare(bundle, "native").run({"features": rows})
    powers = np.exp(rows - rows.max(1, keepdims=True))
    np.testing.assert_allclose(found["shares"], powers / powers.sum(1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(found["sum"][:, 0], rows.sum(1), rtol=1e-13, atol=1e-12)
    np.testing.assert_array_equal(found["largest"][:, 0], rows.max(1))
    np.testing.assert_allclose(found["length"][:, 0], np.sqrt((rows**2).sum(1)), rtol=1e-13)


def test_trees_behind_a_product_in_float64_see_its_value_as_float32(tmp_path):
    rng = np.random.default_rng(5)
    rows, turn = rng.normal(size=(200, 3)).astype(np.float32), rng.normal(size=(3, 3))
    cuts = (rows.astype(np.float64) @ turn).astype(np.float32)[:3, 0].tolist()  # on values themselves: rounding decides
    trees = helper.make_node(
        "TreeEnsembleRegressor", ["turned"], ["score"], domain="ai.onnx.ml", n_targets=1,
        nodes_treeids=[0] * 3 + [1] * 3 + [2] * 3, nodes_nodeids=[0, 1, 2] * 3, nodes_featureids=[0] * 9,
        nodes_values=[v for cut in cuts for v in (cut, 0.0, 0.0)], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * 3,
        nodes_truenodeids=[1, 0, 0] * 3, nodes_falsenodeids=[2, 0, 0] * 3, target_treeids=[0, 0, 1, 1, 2, 2],
        target_nodeids=[1, 2] * 3, target_ids=[0] * 6, target_weights=[1.0, 10.0, 2.0, 20.0, 4.0, 40.0],
    )  # fmt: skip
    nodes = [
        _cast("features", "wide", TensorProto.DOUBLE),
        helper.make_node("MatMul", ["wide", "turn"], ["product"]),
        _cast("product", "turned", TensorProto.FLOAT),
        trees,
    ]
    bundle = _bundle(tmp_path / "b", nodes, {"turn": turn}, rows, {"score": 1})
    np.testing.assert_array_equal(bartik.prepare(bundle, "native").run({"features": rows})["score"], bundle.reference()[1]["score"])


@pytest.fixture
def several(tmp_path):
    """In float64: a convolution, a recurrent layer, functions, a softmax."""
    rng = np.random.default_rng(6)
    nodes = [
        helper.make_node("Reshape", ["features", "planes"], ["x"]),
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1]),
        helper.make_node("Tanh", ["c"], ["t"]),
        helper.make_node("Transpose", ["t"], ["steps"], perm=[2, 0, 1]),
        helper.make_node("GRU", ["steps", "gw", "gr"], ["", "h"], hidden_size=4),
        helper.make_node("Squeeze", ["h", "zero"], ["last"]),
        helper.make_node("Softmax", ["last"], ["score"], axis=1),
    ]
    constants = {"planes": np.array([-1, 2, 6]), "w": rng.normal(size=(3, 2, 3)), "zero": np.array([0])}
    constants |= {"gw": rng.normal(size=(1, 12, 3)), "gr": rng.normal(size=(1, 12, 4))}
    return _bundle(tmp_path / "several", nodes, constants, rng.normal(size=(21, 12)), {"score": 4}, double=["score"])


@pytest.fixture
def mixture(tmp_path):
    """Of float32, through a product in float64, to a softmax in float32."""
    rng = np.random.default_rng(7)
    nodes = [
        _cast("features", "wide", TensorProto.DOUBLE),
        helper.make_node("MatMul", ["wide", "w"], ["sum"]),
        _cast("sum", "narrow", TensorProto.FLOAT),
        helper.make_node("Softmax", ["narrow"], ["score"], axis=1),
    ]
    return _bundle(tmp_path / "mixture", nodes, {"w": rng.normal(size=(3, 5))}, rng.normal(size=(9, 3)).astype(np.float32), {"score": 5})


@pytest.mark.parametrize("compiler", ["g++", "clang++-14"])
@pytest.mark.parametrize("target", ["cxx", "cuda", "sofie", "gaudi"])
@pytest.mark.parametrize("model", ["several", "mixture"])
def test_the_package_of_a_model_in_float64_passes_its_own_test(tmp_path, request, compiler, target, model):
    generate(request.getfixturevalue(model), target, tmp_path / "out")
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    done = subprocess.run(["make", "-C", tmp_path / "out", "test", f"CXX={compiler}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed: nothing compiles CUDA here")
@pytest.mark.parametrize("model", ["several", "mixture"])
def test_nvcc_compiles_float64(tmp_path, request, model):
    generate(request.getfixturevalue(model), "cuda", tmp_path / "out")
    command = ["nvcc", "-std=c++17", "--expt-relaxed-constexpr", "-Werror", "all-warnings", "-arch=sm_80", "-c", "selftest.cu", "-o", "s.o"]
    done = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("target", ["allen", "triton"])
def test_targets_say_that_it_is_float64(tmp_path, several, target):
    texts = [path.read_text() for path in generate(several, target, tmp_path / "out") if path.suffix in (".cuh", ".cu", ".pbtxt")]
    assert any(word in text for text in texts for word in ("double memory[", "data_type: TYPE_FP64"))


def test_what_has_only_float32_is_refused_by_name(tmp_path):
    node = helper.make_node("Normalizer", ["features"], ["score"], "layer", domain="ai.onnx.ml", norm="L2")
    bundle = _bundle(tmp_path / "b", [node], {}, np.ones((2, 3)), {"score": 3})
    with pytest.raises(UnsupportedError, match=r"operator Normalizer of node 'layer': .*float64"):
        stages(bundle)


def test_floats_of_two_types_in_one_operator_are_refused_by_name(tmp_path):
    node = helper.make_node("Gemm", ["features", "w"], ["score"], "layer")
    bundle = _bundle(tmp_path / "b", [node], {"w": np.ones((3, 1), np.float32)}, np.ones((2, 3)), {"score": 1}, double=["score"])
    with pytest.raises(UnsupportedError, match=r"operator Gemm of node 'layer': float32 with float64"):
        stages(bundle)
