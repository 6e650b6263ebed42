import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bartik.backends import prepare
from bartik.core import Signature, TensorSpec
from bartik.core.bundle import open_bundle
from bartik.profile.layers import cut
from bartik.profile.nodes import Work, work_of
from bartik.testing.models import dense_bundle, model_bundle


def in_turn(layers, inputs):
    """What the layers give one after the other, by name of value."""
    known = dict(inputs)
    for layer in layers:
        session = prepare(layer.bundle, "onnxruntime")
        known |= session.run({spec.name: known[spec.name] for spec in layer.bundle.signature.inputs})
    return known


@pytest.mark.parametrize("most", [1, 2, 12])
def test_layers_one_after_the_other_are_the_model(tmp_path, most):
    bundle = dense_bundle(tmp_path / "a", (17, 25, 20, 1), "tanh")
    layers = cut(bundle, tmp_path / "layers", most)
    assert len(layers) == min(3, most)
    inputs, _ = bundle.reference()
    wanted = prepare(bundle, "onnxruntime").run(inputs)["score"]
    np.testing.assert_allclose(in_turn(layers, inputs)["score"], wanted, rtol=1e-6)


def test_the_work_of_layers_is_that_of_the_model(tmp_path):
    layers = cut(dense_bundle(tmp_path / "a", (17, 25, 20, 1), "tanh"), tmp_path / "layers")
    assert [layer.work.multiply_adds for layer in layers] == [17 * 25, 25 * 20, 20]
    assert [layer.work.series for layer in layers] == [25, 20, 1]
    assert layers[0].work.moved == 4 * (17 + 25)
    assert layers[0].work.weights == 4 * (17 * 25 + 25)
    assert [open_bundle(layer.bundle.path).digest for layer in layers] == [layer.bundle.digest for layer in layers]


def branched(path):
    """Two branches that meet: nothing can be cut between them but at one place."""
    weight = numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Shape", ["b"], ["s"]),
        helper.make_node("MatMul", ["b", "w"], ["c"]),
        helper.make_node("Reshape", ["c", "s"], ["d"]),
        helper.make_node("MatMul", ["d", "w"], ["e"]),
        helper.make_node("Add", ["e", "b"], ["y"]),
    ]
    signature = Signature((TensorSpec("x", "float32", ("batch", 4)),), (TensorSpec("y", "float32", ("batch", 4)),))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 4]) for name in "xy"]
    graph = helper.make_graph(nodes, "made", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model_bundle(path, model, signature, {"x": np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)})


def test_shapes_never_pass_from_one_layer_to_the_next(tmp_path):
    layers = cut(branched(tmp_path / "a"), tmp_path / "layers")
    passing = {spec.name for layer in layers for spec in layer.bundle.signature.inputs}
    assert len(layers) == 2
    assert passing == {"x", "b", "d"}
    inputs = {"x": np.ones((3, 4), np.float32)}
    np.testing.assert_array_equal(in_turn(layers, inputs)["y"], 2 * inputs["x"])


@pytest.mark.parametrize(
    ("kind", "shapes", "attributes", "wanted"),
    [
        ("Gemm", {"a": (5, 3), "b": (3, 7), "y": (5, 7)}, {}, Work(multiply_adds=105)),
        ("Gemm", {"a": (3, 5), "b": (3, 7), "y": (5, 7)}, {"transA": 1}, Work(multiply_adds=105)),
        ("MatMul", {"a": (2, 5, 3), "b": (3, 7), "y": (2, 5, 7)}, {}, Work(multiply_adds=210)),
        ("Conv", {"a": (1, 2, 9), "b": (4, 2, 3), "y": (1, 4, 7)}, {}, Work(multiply_adds=28 * 6)),
        ("ConvTranspose", {"a": (1, 2, 5), "b": (2, 4, 3), "y": (1, 4, 7)}, {}, Work(multiply_adds=10 * 12)),
        ("Tanh", {"a": (5, 3), "y": (5, 3)}, {}, Work(series=15)),
        ("Relu", {"a": (5, 3), "y": (5, 3)}, {}, Work()),
    ],
)
def test_work_is_what_one_counts_by_hand(kind, shapes, attributes, wanted):
    node = helper.make_node(kind, [name for name in "ab" if name in shapes], ["y"], **attributes)
    assert work_of(node, shapes) == wanted


@pytest.mark.parametrize(("kind", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize("layout", [0, 1])
def test_a_recurrent_layer_has_the_products_of_all_its_gates_and_steps(kind, gates, layout):
    shapes = {"x": (2, 20, 5) if layout else (20, 2, 5), "w": (1, gates * 8, 5), "r": (1, gates * 8, 8), "y": (20, 1, 2, 8)}
    work = work_of(helper.make_node(kind, ["x", "w", "r"], ["y"], layout=layout), shapes)
    assert work == Work(multiply_adds=40 * gates * 8 * 13, series=40 * gates * 8, steps=20)
