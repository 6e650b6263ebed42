"""Every operator of the torch backend against ONNX's reference evaluator, and what it refuses."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.backends import prepare
from bartik.backends import torch as backend
from bartik.backends._torch.graph import OPERATORS
from bartik.core import BackendError, Signature, TensorSpec, UnknownNameError, UnsupportedError, UsageError
from bartik.core.bundle import write_bundle
from bartik.testing.models import IR_VERSION, dense_bundle, dense_model, dense_signature, model_bundle, random_rows

F, N, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
NP = {F: "float32", N: "int64", B: "bool"}
CASES = {}


def case(kind, *inputs, out=F, name="", more=None, opset=20, outputs=1, **attributes):
    """One node; ``inputs`` are arrays: strings '' left out, arrays marked by `const` become initialisers."""
    CASES[f"{kind} {name}".strip()] = (kind, inputs, out, opset, outputs, attributes)


class const:  # noqa: N801 - reads as a word
    def __init__(self, values, dtype=np.int64):
        self.array = np.array(values, dtype)


rng = np.random.default_rng(0)
x = rng.normal(size=(3, 4)).astype(np.float32)
y = rng.normal(size=(3, 4)).astype(np.float32)
unit = (np.abs(x) / 10).astype(np.float32)
cube = rng.normal(size=(2, 3, 4)).astype(np.float32)
whole = rng.integers(-5, 6, (3, 4))
other = rng.choice([-3, -2, 2, 3], (3, 4))
yes, no = x > 0, y > 0
special = np.array([[0.0, -0.0, np.inf, -np.inf], [np.nan, 1e-30, 1e30, -1]], np.float32)

for kind in ("Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "HardSwish", "Identity", "Mish", "Neg", "Reciprocal", "Relu", "Round",
             "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Tan", "Tanh", "Atan", "Asinh", "Sinh", "Cosh"):  # fmt: skip
    case(kind, x)
for kind in ("Abs", "Relu", "Sign", "Sigmoid", "Tanh", "Exp", "Clip", "Neg"):
    case(kind, special, name="special")
case("Round", np.array([0.5, 1.5, -0.5, 2.5], np.float32), name="halves")
for kind in ("Acos", "Asin", "Atanh", "Log", "Sqrt"):
    case(kind, unit)
case("Acosh", unit + 1)
for kind in ("Add", "Div", "Mul", "Sub"):
    case(kind, x, y)
    case(kind, x, y[:1], name="broadcast")
    case(kind, whole, other, out=N, name="whole")
case("Mod", whole, other, out=N)
case("Mod", x, y, name="fmod", fmod=1)
case("Pow", unit, y)
case("Pow", x, const(2), name="whole")
for kind in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
    case(kind, whole, whole[:1], out=B)
for kind in ("And", "Or", "Xor"):
    case(kind, yes, no, out=B)
case("Not", yes, out=B)
case("IsNaN", special, out=B)
case("Where", yes, x, y)
for kind in ("Max", "Min", "Sum", "Mean"):
    case(kind, x, y, unit)
    case(kind, x, name="one")
case("Max", special, special[::-1].copy(), name="special")
case("Clip", x, const(-0.5, np.float32), const(0.5, np.float32))
case("Clip", x, "", const(0.5, np.float32), name="high")
case("Clip", x, const(0.1, np.float32), name="low")
case("Cast", x, out=N, to=N)
case("Cast", whole, to=F, name="to float")
case("Cast", x, out=B, to=B, name="to bool")
case("CastLike", whole, x)
case("LeakyRelu", x, alpha=0.2)
case("LeakyRelu", x, name="default")
case("PRelu", x, const([0.1, 0.2, 0.3, 0.4], np.float32))
for kind in ("Elu", "Celu", "ThresholdedRelu"):
    case(kind, x, alpha=0.7)
    case(kind, x, name="default")
case("Selu", x)
case("Selu", x, alpha=1.5, gamma=2.0, name="set")
case("HardSigmoid", x)
case("HardSigmoid", x, alpha=0.3, beta=0.4, name="set")
case("Gelu", x)
case("Gelu", x, approximate="tanh", name="tanh")
case("Swish", x, alpha=0.5, opset=24)
for kind in ("Softmax", "LogSoftmax"):
    case(kind, x)
    case(kind, cube, axis=1, name="axis")
case("Gemm", x, const(y, np.float32), const([1, 2, 3], np.float32), transB=1, alpha=0.5, beta=2.0)
case("Gemm", x, const(y, np.float32), transA=1, name="plain")
case("MatMul", cube, const(y.T, np.float32))
case("LayerNormalization", cube, const([1, 2, 3, 4], np.float32), const([0, 1, 0, 1], np.float32))
case("LayerNormalization", cube, const(x, np.float32), axis=1, epsilon=0.1, name="axis")
case("BatchNormalization", x, *(const(v, np.float32) for v in ([1, 2, 3, 4], [0, 1, 2, 3], [0.1, 0, 0, 1], [1, 2, 1, 2])), epsilon=0.1)
case("Shape", cube, out=N)
case("Shape", cube, out=N, start=1, end=-1, name="part")
case("ConstantOfShape", const([2, 3]))
case("ConstantOfShape", const([2, 3]), out=N, value=numpy_helper.from_array(np.array([7])), name="set")
case("Reshape", cube, const([0, -1]))
case("Reshape", cube, const([4, 6]), allowzero=1, name="allowzero")
case("Reshape", cube, np.array([3, -1]), name="dynamic")
case("Flatten", cube)
case("Flatten", cube, axis=-1, name="negative")
case("Flatten", cube, axis=0, name="zero")
case("Transpose", cube)
case("Transpose", cube, perm=[1, 0, 2], name="perm")
case("Concat", x, y, axis=1)
case("Concat", x, y, axis=-2, name="negative")
case("Split", cube, const([1, 3]), axis=2, outputs=2)
case("Split", cube, axis=1, num_outputs=2, outputs=2, name="uneven")
case("Slice", cube, const([1]), const([1000]), const([2]))
case("Slice", cube, const([0, -3]), const([1, -1]), name="no axes")
case("Slice", cube, const([3, -1]), const([-1000, 0]), const([2, 1]), const([-2, -1]), name="backwards")
case("Slice", cube, const([0]), const([4]), const([-1]), const([3]), name="step")
case("Gather", cube, const([[0, 2], [-1, 1]]), axis=1)
case("Gather", cube, const(1), axis=-1, name="scalar")
case("Squeeze", cube[:1], const([0]))
case("Squeeze", cube[:1], name="all")
case("Unsqueeze", x, const([0, -1]))
case("Expand", x[:1], const([2, 3, 1]))
case("Tile", x, const([2, 1]))
for kind in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"):
    case(kind, cube, const([1, -1]), keepdims=0)
    case(kind, cube, name="all")
    case(kind, cube, const([], np.int64), noop_with_empty_axes=1, name="noop") if kind in {"ReduceSum", "ReduceMean"} else None
case("ReduceMax", cube, axes=[1], opset=13, name="axes as attribute")


def build(path, kind, inputs, out, opset, outputs, attributes):
    names = [("" if isinstance(v, str) else f"i{place}") for place, v in enumerate(inputs)]
    results = [f"o{place}" for place in range(outputs)]
    given = {n: v for n, v in zip(names, inputs, strict=True) if isinstance(v, np.ndarray)}
    fixed = [numpy_helper.from_array(v.array, n) for n, v in zip(names, inputs, strict=True) if isinstance(v, const)]
    if not given:
        given = {"unused": np.zeros(1, np.float32)}
    kinds = {np.dtype(v): k for k, v in NP.items()}
    ins = [helper.make_tensor_value_info(n, kinds[v.dtype], v.shape) for n, v in given.items()]
    node = helper.make_node(kind, names, results, name="the_node", **attributes)

    def model_of(shapes):
        outs = [helper.make_tensor_value_info(n, out, shape) for n, shape in zip(results, shapes, strict=True)]
        graph = helper.make_graph([node], "g", ins, outs, fixed)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)

    with np.errstate(all="ignore"):
        model = model_of([v.shape for v in ReferenceEvaluator(model_of([None] * outputs)).run(None, given)])
    signature = Signature(
        tuple(TensorSpec(n, v.dtype.name, v.shape) for n, v in given.items()), tuple(TensorSpec(n, NP[out], ("a",)) for n in results)
    )
    return model_bundle(path, model, signature, given)


@pytest.mark.parametrize("name", CASES)
def test_an_operator_gives_what_the_reference_gives(name, tmp_path):
    bundle = build(tmp_path / "bundle", *CASES[name])
    inputs, wanted = bundle.reference()
    found = prepare(bundle, "torch").run(inputs)
    for key, array in wanted.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_allclose(found[key], array, rtol=1e-5, atol=1e-6)


def test_every_operator_it_claims_is_tested():
    assert {name.split()[0] for name in CASES} == set(OPERATORS)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_slice_gives_what_numpy_gives(tmp_path, data):
    size = data.draw(st.integers(1, 6))
    start, end = data.draw(st.integers(-9, 9)), data.draw(st.integers(-9, 9))
    step = data.draw(st.integers(-3, 3).filter(bool))
    values = np.arange(2 * size, dtype=np.float32).reshape(2, size)
    bundle = build(tmp_path / "bundle", "Slice", (values, const([start]), const([end]), const([1]), const([step])), F, 20, 1, {})
    inputs, wanted = bundle.reference()
    np.testing.assert_array_equal(prepare(bundle, "torch").run(inputs)["o0"], wanted["o0"])


def test_a_constant_node_is_read(tmp_path):
    nodes = [helper.make_node("Constant", [], ["two"], value_floats=[2.0]), helper.make_node("Mul", ["features", "two"], ["score"])]
    model = dense_model((1, 1))
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    bundle = model_bundle(tmp_path / "bundle", model, dense_signature((1, 1)), {"features": random_rows(4, 1)})
    inputs, wanted = bundle.reference()
    np.testing.assert_array_equal(prepare(bundle, "torch").run(inputs)["score"], wanted["score"])


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (helper.make_node("LSTM", ["features", "w", "r"], ["score"], name="the_node", hidden_size=1), "operator LSTM of node 'the_node'"),
        (helper.make_node("Identity", ["features"], ["score"], domain="made.up", name="the_node"), "operator made.up:Identity"),
        (helper.make_node("LayerNormalization", ["features", "s"], ["score"], stash_type=10), "attribute stash_type=10"),
        (helper.make_node("LayerNormalization", ["features", "s"], ["score", "mean"]), "with 2 outputs"),
        (helper.make_node("Cast", ["features"], ["score"], to=TensorProto.BFLOAT16, name="the_node"), "attribute to=16"),
    ],
)
def test_what_it_lacks_is_refused_in_prepare_by_operator_and_node(tmp_path, node, words):
    bundle = dense_bundle(tmp_path / "made", (1, 1))
    model = bundle.model()
    del model.graph.node[:]
    model.graph.node.append(node)
    for name in ("w", "r", "s"):
        model.graph.initializer.append(numpy_helper.from_array(np.ones((1, 4, 1) if name != "s" else 1, np.float32), name))
    if node.domain:
        model.opset_import.append(helper.make_opsetid(node.domain, 1))
    altered = write_bundle(tmp_path / "bundle", model.SerializeToString(), bundle.signature, bundle.reference(), name="x")
    with pytest.raises(UnsupportedError, match=words):
        prepare(altered, "torch")


def test_an_old_opset_is_refused(tmp_path):
    bundle = dense_bundle(tmp_path / "made", (1, 1))
    model = bundle.model()
    model.opset_import[0].version = 11
    old = write_bundle(tmp_path / "bundle", model.SerializeToString(), bundle.signature, bundle.reference(), name="x")
    with pytest.raises(BackendError, match="opset 11, wanted 13 to"):
        prepare(old, "torch")


def test_an_output_that_is_an_input_is_a_copy(tmp_path):
    bundle = build(tmp_path / "bundle", "Identity", (x,), F, 20, 1, {})
    for name in ("torch", "reference", "onnxruntime"):
        given = {"i0": x.copy()}
        prepare(bundle, name).run(given)["o0"][:] = 9
        assert np.array_equal(given["i0"], x)


def test_an_unknown_mode_is_refused_with_the_nearest_name_and_a_number_of_threads_below_none(tmp_path):
    bundle = dense_bundle(tmp_path / "bundle", (1, 1))
    with pytest.raises(UnknownNameError, match="unknown mode of backend torch 'compile'\n  did you mean 'compiled'"):
        prepare(bundle, "torch", mode="compile")
    with pytest.raises(UsageError, match="got -1"):
        prepare(bundle, "torch", threads=-1)


def test_a_compiler_that_fails_or_changes_values_is_refused_in_prepare(tmp_path, monkeypatch):
    bundle = dense_bundle(tmp_path / "bundle", (1, 1))

    def fails(program, bundle):
        raise RuntimeError("no g++\nat line 3")

    monkeypatch.setitem(backend._COMPILERS, "aot", fails)
    with pytest.raises(UnsupportedError, match=r"torch cannot compile it with mode=aot \(no g\+\+\)\n  see that a C\+\+ compiler"):
        prepare(bundle, "torch", mode="aot")
    monkeypatch.setitem(backend._COMPILERS, "aot", lambda program, _: lambda *inputs: [value + 1 for value in program.run(*inputs)])
    with pytest.raises(BackendError, match="mode=aot gives other values than mode=eager: output 'score'"):
        prepare(bundle, "torch", mode="aot")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["compiled", "aot"])
def test_a_compiled_graph_gives_what_the_reference_gives_for_every_size_of_batch(tmp_path, mode):
    bundle = dense_bundle(tmp_path / "bundle", (17, 25, 20, 1))
    session, (inputs, outputs) = prepare(bundle, "torch", mode=mode), bundle.reference()
    for rows in (0, 1, 2, 9, 33):
        found = session.run({"features": inputs["features"][:rows]})["score"]
        np.testing.assert_allclose(found, outputs["score"][:rows], rtol=1e-5, atol=1e-6)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: session.run(inputs)["score"], range(40)):
            np.testing.assert_allclose(found, outputs["score"], rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_softmax_and_a_reduction_are_compiled_ahead_of_time(tmp_path):
    nodes = [helper.make_node("Softmax", ["features"], ["a"]), helper.make_node("ReduceMax", ["a", "axes"], ["score"])]
    model = dense_model((6, 1))
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "axes"))
    bundle = model_bundle(tmp_path / "bundle", model, dense_signature((6, 1)), {"features": random_rows(9, 6)})
    inputs, wanted = bundle.reference()
    np.testing.assert_allclose(prepare(bundle, "torch", mode="aot").run(inputs)["score"], wanted["score"], rtol=1e-5)
