"""lwtnn's layers: dense, normalization, maxout and highway, from JSON to ONNX operators.

A matrix is stored row by row, one row for each output (``Stack.cxx::build_matrix``: ``matrix(row, col) = weights.at(col +
row * n_inputs)``), so the number of outputs is the number of weights over that of inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from bartik.core import Array, ExportError
from bartik.exporters.graphs import GraphBuilder, affine

SATURATING = ("sigmoid", "hard_sigmoid", "tanh", "softmax")
_WITH_ALPHA = ("elu", "leakyrelu", "swish")
_RECURRENT = ("lstm", "gru", "simplernn", "embedding")
MAX_WIDTH = 100_000


@dataclass(frozen=True)
class Activation:
    """A function by lwtnn's name, and its parameter where it has one."""

    name: str
    alpha: float = 1.0


@dataclass(frozen=True)
class Layer:
    """A layer: pairs of ``weights`` [outputs, inputs] (None for none) and ``bias`` [outputs], as many as its kind has."""

    kind: str
    pairs: tuple[tuple[Array | None, Array], ...]
    activation: Activation
    outputs: int


@dataclass(frozen=True)
class Json:
    """Access to the values of one JSON file; each refusal names the file and where in it."""

    path: Path

    def refuse(self, what: str, hint: str = "") -> NoReturn:
        """`ExportError` that names the file."""
        raise ExportError(f"{self.path}: {what}", hint=hint)

    def field(self, values: Any, name: str, where: str, kind: type | tuple[type, ...]) -> Any:
        """``values[name]``, which must be of a ``kind``."""
        if not isinstance(values, dict) or not isinstance(values.get(name), kind) or isinstance(values.get(name), bool):
            self.refuse(f"{where} has no usable {name!r}")
        return values[name]

    def number(self, values: Any, name: str, where: str) -> float:
        """``values[name]``, a finite number."""
        found = self.field(values, name, where, (int, float))
        return float(self.vector([found], f"{where} {name}")[0])

    def vector(self, values: Any, where: str) -> Array:
        """A list of finite numbers as float64."""
        if not isinstance(values, list) or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            self.refuse(f"{where}: wanted a list of numbers")
        try:
            array = np.array([float(v) for v in values], np.float64)
        except OverflowError:
            self.refuse(f"{where}: holds a number beyond float64")
        if not np.isfinite(array).all():
            self.refuse(f"{where}: number {int(np.argmin(np.isfinite(array)))} is not finite")
        return array


def read_layer(json: Json, values: Any, inputs: int, where: str) -> Layer:
    """Layer ``values`` for ``inputs`` columns; `ExportError` names its architecture or activation where it is not supported."""
    kind = json.field(values, "architecture", where, str)
    if kind in _RECURRENT:
        json.refuse(f"{where} is a recurrent layer ({kind}), which is not supported", "supported: layers of a feed-forward network")
    if kind not in _READERS:
        json.refuse(f"{where}: architecture {kind!r} is not known", f"known: {', '.join(_READERS)}")
    return _READERS[kind](json, values, inputs, where)


def apply_layer(graph: GraphBuilder, value: str, layer: Layer, dtype: str) -> str:
    """Output [batch, ``layer.outputs``] for ``value`` [batch, inputs], both ``dtype``."""
    if layer.kind == "dense":
        return activate(graph, _dense(graph, value, *layer.pairs[0], dtype), layer.activation, dtype)
    if layer.kind == "maxout":
        return graph.op("Max", *(_dense(graph, value, *pair, dtype) for pair in layer.pairs))
    if layer.kind == "normalization":
        scale, shift = layer.pairs[0]
        return graph.op("Mul", graph.op("Add", value, graph.constant(shift, dtype)), graph.constant(scale, dtype))
    through, carry = layer.pairs
    changed = activate(graph, _dense(graph, value, *through, dtype), layer.activation, dtype)
    gate = graph.op("Sigmoid", _dense(graph, value, *carry, dtype))
    kept = graph.op("Mul", graph.op("Sub", graph.constant(1.0, dtype), gate), value)
    return graph.op("Add", graph.op("Mul", gate, changed), kept)


def activate(graph: GraphBuilder, value: str, activation: Activation, dtype: str) -> str:
    """``activation`` of ``value``, from operators that every runtime has in float64 too."""
    return _ACTIVATIONS[activation.name](graph, value, activation.alpha, dtype)


def _dense(graph: GraphBuilder, value: str, weights: Array | None, bias: Array, dtype: str) -> str:
    if weights is None:
        return graph.op("Add", value, graph.constant(bias, dtype)) if bias.any() else value
    return affine(graph, value, weights, bias, dtype)


def _read_dense(json: Json, values: Any, inputs: int, where: str) -> Layer:
    weights, bias = _pair(json, values, inputs, where)
    return Layer("dense", ((weights, bias),), _activation(json, values, where), len(bias))


def _read_normalization(json: Json, values: Any, inputs: int, where: str) -> Layer:
    """``NormalizationLayer``: ``W * (in + b)``."""
    pair = tuple(json.vector(json.field(values, name, where, list), f"{where} {name}") for name in ("weights", "bias"))
    if any(len(array) != inputs for array in pair):
        json.refuse(f"{where}: {len(pair[0])} weights and {len(pair[1])} biases normalise {inputs} inputs")
    return Layer("normalization", ((pair[0], pair[1]),), Activation("linear"), inputs)


def _read_maxout(json: Json, values: Any, inputs: int, where: str) -> Layer:
    pairs = [_full(json, v, inputs, f"{where} sublayer {i}") for i, v in enumerate(json.field(values, "sublayers", where, list))]
    sizes = {len(bias) for _, bias in pairs}
    if len(sizes) != 1:
        json.refuse(f"{where}: sublayers of a maxout must have one size, not {sorted(sizes) or 'none'}")
    return Layer("maxout", tuple(pairs), Activation("linear"), sizes.pop())


def _read_highway(json: Json, values: Any, inputs: int, where: str) -> Layer:
    """``HighwayLayer``: ``c * t + (1 - c) * in``, c a sigmoid."""
    components = json.field(values, "components", where, dict)
    pairs = [_full(json, components.get(name), inputs, f"{where} component {name}") for name in ("t", "carry")]
    if any(len(bias) != inputs for _, bias in pairs):
        json.refuse(f"{where}: a highway layer must keep its {inputs} inputs")
    return Layer("highway", tuple(pairs), _activation(json, values, where, elementwise=True), inputs)


_READERS: Mapping[str, Callable[[Json, Any, int, str], Layer]] = {
    "dense": _read_dense,
    "normalization": _read_normalization,
    "maxout": _read_maxout,
    "highway": _read_highway,
}


def _full(json: Json, values: Any, inputs: int, where: str) -> tuple[Array, Array]:
    weights, bias = _pair(json, values, inputs, where)
    if weights is None:
        json.refuse(f"{where} has no weights")
    return weights, bias


def _pair(json: Json, values: Any, inputs: int, where: str) -> tuple[Array | None, Array]:
    """``Stack::add_dense_layers``: without weights the identity, without biases none."""
    flat = json.vector(json.field(values, "weights", where, list), f"{where} weights")
    bias = json.vector(json.field(values, "bias", where, list), f"{where} bias")
    if len(flat) % inputs:
        json.refuse(f"{where}: {len(flat)} weights do not divide by {inputs} inputs")
    weights = flat.reshape(-1, inputs) if len(flat) else None
    outputs = inputs if weights is None else len(weights)
    if len(bias) not in (0, outputs) or outputs > MAX_WIDTH:
        json.refuse(f"{where}: {len(bias)} biases for {outputs} outputs")
    return weights, bias if len(bias) else np.zeros(outputs)


def _activation(json: Json, values: Any, where: str, *, elementwise: bool = False) -> Activation:
    """A name, or a function with its alpha; lwtnn gives ``elu`` 1 where it has none, and the others no number at all."""
    given = values.get("activation")
    name = given.get("function") if isinstance(given, dict) else given
    if not isinstance(name, str) or name not in _ACTIVATIONS or (elementwise and name == "softmax"):
        json.refuse(f"{where}: activation {name!r} is not supported", f"supported: {', '.join(_ACTIVATIONS)}")
    if isinstance(given, dict):
        return Activation(name, json.number(given, "alpha", f"{where} activation"))
    if name in _WITH_ALPHA and name != "elu":
        json.refuse(f"{where}: activation {name} has no alpha: lwtnn would compute with no number")
    return Activation(name)


def _elu(graph: GraphBuilder, value: str, alpha: float, dtype: str) -> str:
    """``x>=0 ? x : alpha * (exp(x)-1)``."""
    if dtype == "float32":
        return graph.op("Elu", value, alpha=alpha)
    below = graph.op("Sub", graph.op("Exp", graph.op("Min", value, graph.constant(0.0, dtype))), graph.constant(1.0, dtype))
    return graph.op("Add", graph.op("Relu", value), graph.op("Mul", below, graph.constant(alpha, dtype)))


def _leaky(graph: GraphBuilder, value: str, alpha: float, dtype: str) -> str:
    """``x > 0 ? x : alpha * x``."""
    if dtype == "float32":
        return graph.op("LeakyRelu", value, alpha=alpha)
    below = graph.op("Min", value, graph.constant(0.0, dtype))
    return graph.op("Add", graph.op("Relu", value), graph.op("Mul", below, graph.constant(alpha, dtype)))


def _hard_sigmoid(graph: GraphBuilder, value: str, _: float, dtype: str) -> str:
    """``0.2*x + 0.5``, from 0 to 1."""
    line = graph.op("Add", graph.op("Mul", value, graph.constant(0.2, dtype)), graph.constant(0.5, dtype))
    return graph.op("Clip", line, graph.constant(0.0, dtype), graph.constant(1.0, dtype))


def _swish(graph: GraphBuilder, value: str, alpha: float, dtype: str) -> str:
    """``x * nn_sigmoid(alpha * x)``."""
    inner = value if math.isclose(alpha, 1.0, rel_tol=0) else graph.op("Mul", value, graph.constant(alpha, dtype))
    return graph.op("Mul", value, graph.op("Sigmoid", inner))


def _plain(kind: str, **attributes: Any) -> Callable[[GraphBuilder, str, float, str], str]:
    return lambda graph, value, _alpha, _dtype: graph.op(kind, value, **attributes)


_ACTIVATIONS: Mapping[str, Callable[[GraphBuilder, str, float, str], str]] = {
    "linear": lambda _graph, value, _alpha, _dtype: value,
    "sigmoid": _plain("Sigmoid"),
    "rectified": _plain("Relu"),
    "softmax": _plain("Softmax", axis=1),
    "tanh": _plain("Tanh"),
    "abs": _plain("Abs"),
    "hard_sigmoid": _hard_sigmoid,
    "elu": _elu,
    "leakyrelu": _leaky,
    "swish": _swish,
}
