"""TMVA's multilayer perceptron, Fisher and linear discriminants as dense layers.

A synapse weight is read into a float32 (``MethodANNBase::ReadWeightsFromXML``: ``Float_t weight; s >> weight``) and computed
with in float64. The last neuron of every layer but the output is the bias and always 1; the hidden neurons have the activation
of option NeuronType, the output neurons that of EstimatorType: MSE none, CE a sigmoid (``MethodANNBase::BuildNetwork``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np

from bartik.core import Array
from bartik.exporters.graphs import GraphBuilder, affine
from bartik.exporters.tmva_xml_elements import Elements
from bartik.exporters.tmva_xml_model import WeightFile

FAST_TANH = (4 << 16) + (2 << 8) + 1
"""``ReadWeightsFromXML``: from TMVA 4.2.1 on, files are computed with a rational approximation of tanh, older ones exactly."""

_MAX_NEURONS = 100_000


@dataclass(frozen=True)
class Network:
    """``weights`` [to, from] and ``biases`` [to] of each layer, and the activations of hidden and output neurons by name."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    hidden: str
    output: str

    @property
    def saturates(self) -> bool:
        """Whether a wild input gives a tame output: sums of terms of 1e18 mean nothing in floating point."""
        return self.output == "sigmoid" or self.hidden in ("tanh", "fast tanh", "sigmoid", "radial")


@dataclass(frozen=True)
class Discriminant:
    """A constant and one coefficient for each variable; ``stepwise`` where the sum is rounded to float32 after each term."""

    constant: float
    coefficients: Array
    stepwise: bool


def read_network(file: WeightFile) -> Network:
    """The perceptron of ``file``."""
    elements = file.elements
    parent = elements.child(file.root, "Weights")
    layout = parent.find("Layout")
    layers = elements.children(layout, "Layer") if layout is not None else parent.findall("Layer")
    if elements.whole(parent if layout is None else layout, "NLayers", 2, 1000) != len(layers):
        elements.refuse("<Layout> does not hold the layers it announces", "is the file whole?")
    elements.in_order(layers, "Index")
    sizes = [elements.whole(layer, "NNeurons", 1, _MAX_NEURONS) for layer in layers]
    outputs = len(file.targets) or 1
    if sizes[0] != len(file.variables) + 1 or sizes[-1] != outputs:
        elements.refuse(f"the layers have {sizes} neurons, for {len(file.variables)} variables, a bias and {outputs} outputs")
    if min(sizes[:-1]) < 2:
        elements.refuse(f"the layers have {sizes} neurons: one holds nothing but its bias")
    matrices = [_synapses(elements, layer, sizes[i], sizes[i + 1], last=i + 2 == len(layers)) for i, layer in enumerate(layers[:-1])]
    hidden, output = _activations(file)
    return Network(tuple(m[:, :-1] for m in matrices), tuple(m[:, -1] for m in matrices), hidden, output)


def network_response(graph: GraphBuilder, values: str, network: Network, dtype: str) -> str:
    """Outputs [batch, m] of ``network`` for ``values`` [batch, n], both ``dtype``."""
    last = len(network.weights) - 1
    for index, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        values = affine(graph, values, weights, biases, dtype)
        values = _ACTIVATIONS[network.output if index == last else network.hidden](graph, values, dtype)
    return values


def read_discriminant(file: WeightFile) -> Discriminant:
    """Coefficients of a Fisher or linear discriminant."""
    elements = file.elements
    weights = elements.child(file.root, "Weights")
    linear = file.kind == "LD"
    if linear and elements.whole(weights, "NOut", 1, 1000) != 1:
        elements.refuse("a linear discriminant of several outputs is not supported")
    children = elements.children(weights, "Coefficient")
    wanted = len(file.variables) + 1
    if elements.whole(weights, "NCoeff", 1, 2**20) != wanted or len(children) != wanted:
        elements.refuse(f"<Weights> holds {len(children)} coefficients for {wanted - 1} variables and a constant")
    elements.in_order(children, "IndexCoeff" if linear else "Index")
    values = np.array([elements.number(child, "Value") for child in children], np.float64)
    if linear:
        elements.float32(children[0], "Value")
    return Discriminant(float(values[0]), values[1:], stepwise=linear)


def discriminant_response(graph: GraphBuilder, values: str, discriminant: Discriminant, dtype: str) -> str:
    """Response [batch, 1] for ``values`` [batch, n], both ``dtype``."""
    if not discriminant.stepwise:
        return affine(graph, values, discriminant.coefficients[np.newaxis], np.array([discriminant.constant]), dtype)
    wide = graph.cast(values, "float64")
    total = graph.constant([[np.float32(discriminant.constant)]], "float32")
    for place, coefficient in enumerate(discriminant.coefficients):
        column = graph.op("Gather", wide, graph.constant([place], "int64"), axis=1)
        term = graph.op("Mul", column, graph.constant(coefficient, "float64"))
        total = graph.cast(graph.op("Add", graph.cast(total, "float64"), term), "float32")
    return graph.cast(total, dtype)


def _synapses(elements: Elements, layer: Element, size: int, following: int, *, last: bool) -> Array:
    """Weights [to, from], the bias last: the file lists, neuron by neuron, those to the next layer (its bias has none)."""
    neurons = elements.children(layer, "Neuron")
    if len(neurons) != size:
        elements.refuse(f"<Layer Index={layer.get('Index')}> announces {size} neurons and holds {len(neurons)}")
    targets = following if last else following - 1
    for neuron in neurons:
        if elements.whole(neuron, "NSynapses", 0, _MAX_NEURONS) != targets:
            elements.refuse(f"<Layer Index={layer.get('Index')}>: a neuron has {neuron.get('NSynapses')} synapses, wanted {targets}")
    with np.errstate(over="ignore"):
        weights = np.stack([elements.numbers(neuron, targets) for neuron in neurons], axis=1).astype(np.float32)
    if not np.isfinite(weights).all():
        elements.refuse(f"<Layer Index={layer.get('Index')}>: a weight is no float32")
    return weights


def _activations(file: WeightFile) -> tuple[str, str]:
    kind, estimator, combine = (file.option(name) for name in ("NeuronType", "EstimatorType", "NeuronInputType"))
    if combine != "sum":
        file.elements.refuse(f"option NeuronInputType={combine} is not supported", "supported: sum")
    if kind not in ("linear", "sigmoid", "tanh", "ReLU", "radial"):
        file.elements.refuse(f"option NeuronType={kind} is not known", "known: linear, sigmoid, tanh, ReLU, radial")
    if estimator not in ("MSE", "CE"):
        file.elements.refuse(f"option EstimatorType={estimator} is not known", "known: MSE, CE")
    hidden = "fast tanh" if kind == "tanh" and file.version >= FAST_TANH else kind
    return hidden, "sigmoid" if estimator == "CE" else "linear"


def _fast_tanh(graph: GraphBuilder, value: str, dtype: str) -> str:
    """``TActivationTanh::fast_tanh``: a quotient of polynomials, 1 beyond 4.97 (up to 3e-5 from tanh).

    Its polynomials are ``float`` whatever the precision of ``value``, which multiplies the upper one as it is.
    """

    def narrow(wide: str) -> str:
        return graph.cast(wide, "float32") if dtype != "float32" else wide

    def horner(factors: list[float]) -> str:
        total = graph.constant(factors[0])
        for factor in factors[1:]:
            total = graph.op("Add", graph.constant(factor), graph.op("Mul", square, total))
        return total

    inside = graph.op("Clip", value, graph.constant(-4.97, dtype), graph.constant(4.97, dtype))
    square = narrow(graph.op("Mul", inside, inside))
    upper = horner([1.0, 378.0, 17325.0, 135135.0])
    above = narrow(graph.op("Mul", inside, graph.cast(upper, dtype) if dtype != "float32" else upper))
    ratio = graph.op("Div", above, horner([28.0, 3150.0, 62370.0, 135135.0]))
    low = graph.op("Where", graph.op("Less", value, graph.constant(-4.97, dtype)), graph.constant(-1.0), ratio)
    both = graph.op("Where", graph.op("Greater", value, graph.constant(4.97, dtype)), graph.constant(1.0), low)
    return graph.cast(both, dtype) if dtype != "float32" else both


def _radial(graph: GraphBuilder, value: str, dtype: str) -> str:
    """``TActivationRadial::Eval``: ``Exp(-arg * arg * 0.5)``."""
    return graph.op("Exp", graph.op("Mul", graph.op("Mul", value, value), graph.constant(-0.5, dtype)))


_ACTIVATIONS: dict[str, Callable[[GraphBuilder, str, str], str]] = {
    "linear": lambda graph, value, dtype: value,  # noqa: ARG005 - as its siblings
    "sigmoid": lambda graph, value, dtype: graph.op("Sigmoid", value),  # noqa: ARG005
    "tanh": lambda graph, value, dtype: graph.op("Tanh", value),  # noqa: ARG005
    "ReLU": lambda graph, value, dtype: graph.op("Relu", value),  # noqa: ARG005
    "radial": _radial,
    "fast tanh": _fast_tanh,
}
