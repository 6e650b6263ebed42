"""lwtnn's JSON: layers and activations by hand, graphs, refusals by name."""

import json
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import ExportError
from bartik.core.compare import compare, worst
from bartik.exporters import lwtnn
from bartik.exporters.imported import evaluate, translate
from bartik.exporters.lwtnn import read_lwtnn

PATH = Path("net.json")


def dense(weights, bias, activation="linear"):
    return {"architecture": "dense", "weights": weights, "bias": bias, "activation": activation}


def variables(*names, offset=0.0, scale=1.0):
    return [{"name": name, "offset": offset, "scale": scale} for name in names]


def sequence(*layers, inputs=None, outputs=("out",), **more):
    return {"inputs": inputs or variables("a", "b"), "layers": list(layers), "outputs": list(outputs)} | more


def exported(values):
    source = read_lwtnn(PATH, json.dumps(values).encode())
    return source, translate(source, source.reference)


def answers(values, rows):
    source, graph = exported(values)
    inputs = {"features": np.array(rows, np.float32)}
    found = evaluate(graph, source.signature, inputs)
    assert worst(compare(source.run(inputs), found)).ok
    return found["response"]


def refused(values, message):
    content = values if isinstance(values, bytes) else json.dumps(values).encode()
    with pytest.raises(ExportError, match=message) as error:
        translate(source := read_lwtnn(PATH, content), source.reference)
    assert str(error.value).startswith("net.json: ")
    assert len(str(error.value).splitlines()) <= 2


def test_weights_are_stored_row_by_row_one_for_each_output():
    found = answers(sequence(dense([1, 2, 3, 4, 5, 6], [0.5, 0, 0]), outputs=("p", "q", "r")), [[10, 100]])
    assert found.tolist() == [[210.5, 430, 650]]


def test_the_offset_is_added_before_the_scale_multiplies():
    inputs = [{"name": "a", "offset": -3, "scale": 2}, {"name": "b", "offset": 1, "scale": 10}]
    assert answers(sequence(dense([1, 1], []), inputs=inputs), [[5, 7]]).tolist() == [[2 * 2 + 80]]


def test_columns_are_the_variables_and_the_labels():
    inputs = [{"name": "pt", "offset": 0, "scale": 1, "default": -1}, {"name": "eta", "offset": 0, "scale": 1}]
    source, _ = exported(sequence(dense([1, 0, 0, 1], [0, 0], "softmax"), inputs=inputs, outputs=("b", "light")))
    assert [(c.name, c.description) for c in source.signature.inputs[0].columns] == [("pt", "-1 where missing"), ("eta", "")]
    assert [c.name for c in source.signature.outputs[0].columns] == ["b", "light"]


ACTIVATIONS = {
    "linear": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "rectified": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "abs": np.abs,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "elu": lambda x: np.where(x >= 0, x, np.exp(x) - 1),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
}
WITH_ALPHA = {
    "elu": lambda x: np.where(x >= 0, x, 0.3 * (np.exp(x) - 1)),
    "leakyrelu": lambda x: np.where(x > 0, x, 0.3 * x),
    "swish": lambda x: x / (1 + np.exp(-0.3 * x)),
}


@pytest.mark.parametrize(
    ("activation", "function"),
    [*ACTIVATIONS.items(), *(({"function": name, "alpha": 0.3}, function) for name, function in WITH_ALPHA.items())],
)
def test_every_activation_in_float32_and_float64(activation, function):
    rows = np.array([[-3, 0.5], [0, 0], [2.5, -0.25], [9, 1]], np.float32)
    values = sequence(dense([1, 0, 0, 1], [0, 0], activation), outputs=("p", "q"))
    assert answers(values, rows) == pytest.approx(function(rows.astype(float)), abs=1e-6)
    source = read_lwtnn(PATH, json.dumps(values).encode())
    session = onnxruntime.InferenceSession(source.graphs["float64"]().SerializeToString())
    assert session.run(None, {"features": rows})[0] == pytest.approx(function(rows.astype(float)), rel=1e-6, abs=1e-7)


def test_normalization_adds_then_multiplies():
    layer = {"architecture": "normalization", "weights": [2, 3], "bias": [1, -1]}
    assert answers(sequence(layer, dense([], [], "linear"), outputs=("p", "q")), [[4, 5]]).tolist() == [[10, 12]]


def test_maxout_is_the_largest_of_its_sublayers():
    layer = {"architecture": "maxout", "sublayers": [{"weights": [1, 0], "bias": [0]}, {"weights": [0, 1], "bias": [0.5]}]}
    assert answers(sequence(layer), [[4, 5], [4, 1]]).tolist() == [[5.5], [4]]


def test_a_highway_carries_its_input_past_its_layer():
    parts = {"t": {"weights": [1, 0, 0, 1], "bias": [1, 1]}, "carry": {"weights": [0, 0, 0, 0], "bias": [0, 40]}}
    layer = {"architecture": "highway", "components": parts, "activation": "rectified"}
    assert answers(sequence(layer, outputs=("p", "q")), [[4, 5]]).tolist() == [[4.5, 6]]


def graph(nodes, layers, outputs, inputs=None):
    return {
        "inputs": inputs or [{"name": "in", "variables": variables("a", "b")}],
        "input_sequences": [],
        "nodes": nodes,
        "layers": layers,
        "outputs": outputs,
    }


def feed(source, layer):
    return {"type": "feed_forward", "sources": [source], "layer_index": layer}


IN = {"type": "input", "sources": [0], "size": 2}
OUT = {"y": {"labels": ["y"], "node_index": 0}}


def test_a_graph_is_taken_in_the_order_of_its_sources():
    nodes = [feed(1, 1), {"type": "concatenate", "sources": [2, 3, 3]}, feed(3, 0), IN]
    values = graph(nodes, [dense([1, 1], [0]), dense([100, 10, 1, 10, 1], [0])], OUT)
    assert answers(values, [[2, 3]]).tolist() == [[500 + 20 + 3 + 20 + 3]]


def test_a_graph_may_add_and_have_several_inputs_and_outputs_by_name():
    inputs = [{"name": "track", "variables": variables("a", "b")}, {"name": "jet", "variables": variables("c", "d", scale=2)}]
    nodes = [IN, IN | {"sources": [1]}, {"type": "add", "sources": [0, 1]}, feed(2, 0)]
    outputs = {"sum": {"labels": ["s", "t"], "node_index": 2}, "score": {"labels": ["y"], "node_index": 3}}
    source, content = exported(graph(nodes, [dense([1, 1], [0])], outputs, inputs))
    assert [s.name for s in (*source.signature.inputs, *source.signature.outputs)] == ["track", "jet", "sum", "score"]
    given_rows = {"track": np.array([[1, 2]], np.float32), "jet": np.array([[3, 4]], np.float32)}
    found = evaluate(content, source.signature, given_rows)
    assert (found["sum"].tolist(), found["score"].tolist()) == ([[7, 10]], [[17]])


def test_terms_that_cancel_are_computed_in_float64():
    _, content = exported(sequence(dense([1, 0, 0, 1], [1e7, 1e7]), dense([1, -1], [0.25])))
    assert "Cast" in {n.op_type for n in onnx.load_from_string(content).graph.node}


numbers = st.floats(-2, 2, width=32)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_random_networks_are_reproduced(data):
    width, layers = 2, []
    for _ in range(data.draw(st.integers(1, 4))):
        after = data.draw(st.integers(1, 4))
        weights = [data.draw(numbers) for _ in range(width * after)]
        bias = [data.draw(numbers) for _ in range(after)]
        names = data.draw(st.sampled_from([*ACTIVATIONS, *({"function": name, "alpha": 0.3} for name in WITH_ALPHA)]))
        layers.append(dense(weights, bias, names))
        width = after
    inputs = variables("a", "b", offset=data.draw(numbers), scale=data.draw(st.floats(0.125, 8)))
    _, content = exported(sequence(*layers, inputs=inputs, outputs=[f"out{i}" for i in range(width)]))
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)


SUM = dense([1, 1], [0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (sequence({"architecture": "lstm"}), r"layer 0 is a recurrent layer \(lstm\)"),
        (sequence({"architecture": "gru"}), r"layer 0 is a recurrent layer \(gru\)"),
        (sequence({"architecture": "embedding"}), r"layer 0 is a recurrent layer \(embedding\)"),
        (sequence({"architecture": "conv"}), "layer 0: architecture 'conv' is not known"),
        (sequence(dense([1, 1], [0], "gelu")), "layer 0: activation 'gelu' is not supported"),
        (sequence(dense([1, 1], [0], "swish")), "activation swish has no alpha"),
        (sequence(dense([1, 1], [0], {"function": "elu"})), "layer 0 activation has no usable 'alpha'"),
        (sequence(dense([1, 1, 1], [0])), "layer 0: 3 weights do not divide by 2 inputs"),
        (sequence(dense([1, 1], [0, 0])), "layer 0: 2 biases for 1 outputs"),
        (sequence(dense([1, "1"], [0])), "layer 0 weights: wanted a list of numbers"),
        (sequence(dense([1, 10**400], [0])), "layer 0 weights: holds a number beyond float64"),
        (sequence(SUM, outputs=("p", "q")), "output response has 2 labels for 1 values"),
        (sequence(SUM, inputs=[{"name": "a", "scale": 1}]), "input variable 0|input variable a has no usable 'offset'"),
        (graph([IN], [], OUT) | {"input_sequences": [{"name": "t"}]}, "input sequences are not supported"),
        (graph([IN, {"type": "sequence", "sources": [0]}], [], OUT), "node 1 is of type 'sequence', which is not supported"),
        (graph([feed(1, 0), feed(0, 0)], [SUM], OUT), "node [01] is part of a cycle"),
        (graph([feed(0, 0)], [SUM], OUT), "node 0 is part of a cycle"),
        (graph([feed(5, 0)], [SUM], OUT), r"node 0: sources \[5\] are no nodes"),
        (graph([IN | {"size": 3}], [], OUT), "node 0: input 0 of 3 values is not among the inputs"),
        (graph([feed(1, 4), IN], [SUM], OUT), "node 0: there is no layer 4"),
        (graph([{"type": "add", "sources": [1, 2]}, IN, feed(1, 0)], [SUM], OUT), r"node 0: adds vectors of \[2, 1\] values"),
        (graph([feed(1, 0), IN], [SUM], {"a\nb": OUT["y"], "c": OUT["y"]}), "cannot name an input or output"),
        (b'{"layers": [NaN]}', "holds NaN, which is no number of JSON"),
        (b'{"layers": [', "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
    ],
)
def test_refuses_by_name_what_it_cannot_say(values, message):
    refused(values, message)


def test_a_wrong_translation_is_found_and_named(monkeypatch):
    monkeypatch.setattr(lwtnn, "apply_layer", lambda graph, value, layer, dtype: graph.op("Neg", value))
    refused(sequence(dense([1, 0, 0, 1], [0, 0]), outputs=("p", "q")), "does not reproduce its source: output 'response' row 0")


DATA = Path(os.environ["BARTIK_DATA"]) if "BARTIK_DATA" in os.environ else None


@pytest.mark.skipif(DATA is None, reason="BARTIK_DATA names no folder of data")
@pytest.mark.parametrize("name", ["11_models/cms_DeepCSV_PhaseI_lwtnn.json", "02_ghost_track_quality/tseed_lwtnn_net.json"])
def test_real_networks_agree_with_lwtnn_on_onnxruntime(name):
    file = DATA / name
    source = read_lwtnn(file, file.read_bytes())
    session = onnxruntime.InferenceSession(translate(source, source.reference))
    found = {"response": session.run(None, source.reference)[0]}
    assert worst(compare(source.run(source.reference), found)).ok
