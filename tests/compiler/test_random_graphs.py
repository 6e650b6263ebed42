"""Random dense networks: random shapes, activations, preprocessing. Interpreted often, compiled sometimes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper

from bartik.backends import prepare
from bartik.compiler.frontend import read_graph
from bartik.compiler.passes import optimise
from bartik.compiler.semantics import interpret

N = helper.make_node
_ACTIVATIONS = [
    "Relu",
    "Tanh",
    "Sigmoid",
    "LeakyRelu",
    "Elu",
    "Selu",
    "Softplus",
    "Gelu",
    "Erf",
    "Abs",
    "Neg",
    "HardSigmoid",
    "Softsign",
    "Identity",
]
_STEPS = [
    "dense",
    "dense",
    "matmul",
    "activation",
    "activation",
    "affine",
    "clip",
    "slice",
    "gather",
    "concat",
    "log",
    "where",
    "extreme",
    "column",
]
_SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@st.composite
def networks(draw):
    """Nodes, constants, and the widths of input and output."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    width = first = draw(st.integers(1, 40))
    network = _Network(rng)
    for kind in draw(st.lists(st.sampled_from(_STEPS), min_size=1, max_size=9)):
        width = getattr(network, kind)(draw, width)
    network.add("Identity", [network.value], "score")
    return network.nodes, network.constants, first, width


class _Network:
    def __init__(self, rng):
        self.rng, self.nodes, self.constants, self.value = rng, [], {}, "features"

    def constant(self, values):
        name = f"k{len(self.constants)}"
        self.constants[name] = np.asarray(values)
        return name

    def floats(self, *shape, scale=1.0):
        return self.constant((self.rng.normal(size=shape) * scale).astype(np.float32))

    def add(self, kind, inputs, output="", **attributes):
        output = output or f"v{len(self.nodes)}"
        self.nodes.append(N(kind, inputs, [output], **attributes))
        return output

    def dense(self, draw, width):
        outputs = draw(st.integers(1, 50))
        transposed = draw(st.booleans())
        shape = (outputs, width) if transposed else (width, outputs)
        weight, bias = self.floats(*shape, scale=width**-0.5), self.floats(outputs)
        self.value = self.add("Gemm", [self.value, weight, bias], transB=int(transposed))
        return outputs

    def matmul(self, draw, width):
        outputs = draw(st.integers(1, 20))
        product = self.add("MatMul", [self.value, self.floats(width, outputs, scale=width**-0.5)])
        self.value = self.add("Add", [product, self.floats(outputs)]) if draw(st.booleans()) else product
        return outputs

    def activation(self, draw, width):
        self.value = self.add(draw(st.sampled_from(_ACTIVATIONS)), [self.value])
        return width

    def affine(self, draw, width):
        size = draw(st.sampled_from([1, width]))
        values = self.constant((self.rng.uniform(0.5, 2, size) * self.rng.choice([-1, 1], size)).astype(np.float32))
        order = [self.value, values] if draw(st.booleans()) else [values, self.value]
        kind = draw(st.sampled_from(["Add", "Sub", "Mul", "Div"]))
        self.value = self.add(kind, [self.value, values] if kind == "Div" else order)
        return width

    def clip(self, draw, width):
        low, high = sorted(draw(st.lists(st.floats(-3, 3, width=32), min_size=2, max_size=2)))
        self.value = self.add("Clip", [self.value, self.constant(np.float32(low)), self.constant(np.float32(high))])
        return width

    def slice(self, draw, width):
        start = draw(st.integers(0, width - 1))
        end = draw(st.integers(start + 1, width))
        self.value = self.add("Slice", [self.value, *(self.constant(np.array([v])) for v in (start, end, 1))])
        return end - start

    def gather(self, draw, width):
        places = draw(st.lists(st.integers(-width, width - 1), min_size=1, max_size=30))
        self.value = self.add("Gather", [self.value, self.constant(np.array(places))], axis=1)
        return len(places)

    def concat(self, draw, width):
        other = self.add(draw(st.sampled_from(["Tanh", "Relu", "Abs"])), [self.value])
        cut = draw(st.integers(1, width))
        part = self.add("Slice", [self.value, *(self.constant(np.array([v])) for v in (0, cut, 1))])
        self.value = self.add("Concat", [part, other], axis=1)
        return width + cut

    def log(self, draw, width):
        del draw
        self.value = self.add("Log", [self.add("Add", [self.add("Abs", [self.value]), self.constant(np.float32(1))])])
        return width

    def where(self, draw, width):
        condition = self.add(draw(st.sampled_from(["Less", "Greater"])), [self.value, self.floats(width)])
        self.value = self.add("Where", [condition, self.add("Abs", [self.value]), self.floats(1)])
        return width

    def extreme(self, draw, width):
        self.value = self.add(draw(st.sampled_from(["Min", "Max"])), [self.value, self.floats(width), self.add("Neg", [self.value])])
        return width

    def column(self, draw, width):
        place = draw(st.integers(0, width - 1))
        column = self.add("Gather", [self.value, self.constant(np.array([place]))], axis=1)
        self.value = self.add(draw(st.sampled_from(["Add", "Mul", "Max"])), [self.value, column])
        return width


def _bundle(make_bundle, network, rows=41):
    nodes, constants, first, last = network
    features = np.random.default_rng(0).normal(size=(rows, first)).astype(np.float32)
    features[1] = 0
    return make_bundle(nodes, constants, features, {"score": last})


def _close(found, wanted):
    """Where a difference of nearly equal numbers is scaled up again, an error grows with what it was the difference of."""
    size = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0)))
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-5 * size)


@_SETTINGS
@given(network=networks())
def test_the_graph_and_its_passes_mean_what_onnx_says(make_bundle, network):
    bundle = _bundle(make_bundle, network)
    inputs, outputs = bundle.reference()
    graph = read_graph(bundle)
    _close(interpret(graph, inputs)["score"], outputs["score"])
    _close(interpret(optimise(graph), inputs)["score"], outputs["score"])


def _check_machine_code(bundle):
    inputs, outputs = bundle.reference()
    session = prepare(bundle, "native")
    found = session.run(inputs)["score"]
    _close(found, outputs["score"])
    for rows in (1, 2, 7):
        part = session.run({"features": inputs["features"][5 : 5 + rows].copy()})["score"]
        assert np.array_equal(part, found[5 : 5 + rows], equal_nan=True)


@settings(_SETTINGS, max_examples=8)
@given(network=networks())
def test_the_machine_code_gives_what_onnx_says_and_a_row_the_same_bits_in_any_batch(make_bundle, network):
    _check_machine_code(_bundle(make_bundle, network))


@pytest.mark.slow
@settings(_SETTINGS, max_examples=300)
@given(network=networks())
def test_the_machine_code_of_hundreds_of_networks(make_bundle, network):
    _check_machine_code(_bundle(make_bundle, network))
