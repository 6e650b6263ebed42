"""lwtnn's own arithmetic on the values of its JSON, in float64 as lwtnn computes: what an export is compared with.

Nothing here knows ONNX or the classes that its graphs are built from. Sources are named as file::function of lwtnn 2.
Files are looked at only after the exporter has read them whole, so none is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bartik.core import Array, Arrays


def lwtnn_outputs(values: Any, inputs: Arrays) -> Arrays:
    """Outputs by name, float32 [rows, labels], of the network in ``values`` for ``inputs`` float32 [rows, variables] by name."""
    with np.errstate(all="ignore"):
        found = _graph(values, inputs) if "nodes" in values else {"response": _sequence(values, inputs["features"])}
        return {name: array.astype(np.float32) for name, array in found.items()}


def _sequence(values: Any, features: Array) -> Array:
    """``LightweightNeuralNetwork::compute``."""
    vector = _preprocess(values["inputs"], features)
    for layer in values["layers"]:
        vector = _layer(layer, vector)
    return vector


def _graph(values: Any, inputs: Arrays) -> Arrays:
    """``LightweightGraph::compute`` and ``Graph::compute``; one input and one output go by our own names."""
    outputs, nodes = values["outputs"], values["nodes"]
    given = list(inputs.values())
    sources = [_preprocess(group["variables"], array) for group, array in zip(values["inputs"], given, strict=True)]
    known: dict[int, Array] = {}
    while len(known) < len(nodes):
        for number, node in enumerate(nodes):
            if number not in known and (node["type"] == "input" or all(s in known for s in node["sources"])):
                known[number] = _node(node, known, sources, values["layers"])
    plain = len(outputs) == 1 and len(given) == 1
    return {"response" if plain else name: known[output["node_index"]] for name, output in outputs.items()}


def _node(node: Any, known: dict[int, Array], sources: list[Array], layers: Any) -> Array:
    if node["type"] == "input":
        found: Array = sources[node["sources"][0]]
        return found
    before = [known[source] for source in node["sources"]]
    if node["type"] == "feed_forward":
        return _layer(layers[node["layer_index"]], before[0])
    return np.concatenate(before, axis=1) if node["type"] == "concatenate" else np.asarray(np.sum(before, axis=0))


def _preprocess(variables: Any, features: Array) -> Array:
    """``InputPreprocessor::operator()``: ``(invec + m_offsets).cwiseProduct(m_scales)``."""
    columns = [(features[:, i].astype(np.float64) + v["offset"]) * v["scale"] for i, v in enumerate(variables)]
    return np.stack(columns, axis=1)


def _layer(layer: Any, vector: Array) -> Array:
    """``Stack::add_layers``."""
    return _LAYERS[layer["architecture"]](layer, vector)


def _matrix(component: Any, vector: Array) -> Array:
    """``MatrixLayer`` after ``build_matrix``: ``matrix(row, col) = weights.at(col + row * n_inputs)``; then ``BiasLayer``."""
    inputs = vector.shape[1]
    weights, bias = component["weights"], component["bias"]
    if weights:
        rows = [weights[start : start + inputs] for start in range(0, len(weights), inputs)]
        vector = np.stack([vector @ np.array(row, np.float64) for row in rows], axis=1)
    return np.asarray(vector + np.array(bias, np.float64)) if bias else vector


def _dense(layer: Any, vector: Array) -> Array:
    return _activate(layer["activation"], _matrix(layer, vector))


def _normalization(layer: Any, vector: Array) -> Array:
    """``NormalizationLayer::compute``: ``_W.cwiseProduct(in + _b)``."""
    return np.asarray(np.array(layer["weights"], np.float64) * (vector + np.array(layer["bias"], np.float64)))


def _maxout(layer: Any, vector: Array) -> Array:
    """``MaxoutLayer::compute``: ``outputs.colwise().maxCoeff()``."""
    return np.asarray(np.max([_matrix(sublayer, vector) for sublayer in layer["sublayers"]], axis=0))


def _highway(layer: Any, vector: Array) -> Array:
    """``HighwayLayer::compute``: ``c * t + (1 - c) * in.array()``."""
    carry = _sigmoid(_matrix(layer["components"]["carry"], vector))
    through = _activate(layer["activation"], _matrix(layer["components"]["t"], vector))
    return np.asarray(carry * through + (1 - carry) * vector)


_LAYERS: dict[str, Callable[[Any, Array], Array]] = {
    "dense": _dense,
    "normalization": _normalization,
    "maxout": _maxout,
    "highway": _highway,
}


def _sigmoid(x: Array) -> Array:
    """``nn_sigmoid``: 0 below -30, 1 above 30."""
    return np.where(x < -30.0, 0.0, np.where(x > 30.0, 1.0, 1.0 / (1.0 + np.exp(-1.0 * x))))


def _softmax(x: Array) -> Array:
    """``SoftmaxLayer::compute``."""
    exponentials = np.exp(x)
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def _activate(activation: Any, x: Array) -> Array:
    """``get_activation`` of ``Stack.cxx``; the parameter as ``parse_json.cxx::get_activation`` reads it."""
    name = activation["function"] if isinstance(activation, dict) else activation
    alpha = activation["alpha"] if isinstance(activation, dict) else 1.0
    functions: dict[str, Callable[[], Array]] = {
        "linear": lambda: x,
        "sigmoid": lambda: _sigmoid(x),
        "hard_sigmoid": lambda: np.minimum(np.maximum(0.2 * x + 0.5, 0.0), 1.0),
        "softmax": lambda: _softmax(x),
        "tanh": lambda: np.tanh(x),
        "rectified": lambda: np.where((x > 0) | np.isnan(x), x, 0.0),  # lwtnn would hide here that its softmax has overflowed
        "elu": lambda: np.where(x >= 0, x, alpha * (np.exp(x) - 1)),
        "leakyrelu": lambda: np.where(x > 0, x, alpha * x),
        "swish": lambda: x * _sigmoid(alpha * x),
        "abs": lambda: np.abs(x),
    }
    return functions[name]()
