"""Random graphs of any operators that we have, and what they give.

A graph grows node by node, and every node is computed at once by ONNX's reference evaluator: that is what the graph must give, and it
tells shapes and types without a word on any operator. A second value, the *shadow*, goes along: the same, but rounded a little
differently after each node. Where the two part, a result depends on rounding (a comparison of equals, a difference of neighbours)
and the node is not taken; how far they are apart at the end is what a compiler may be off.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.core import Signature, TensorSpec
from bartik.core.bundle import Bundle, write_bundle

ML = "ai.onnx.ml"
MOST = 600
"""Values of a row, at most: what is compiled shall compile soon."""
_LARGEST, _APART = 1e4, 1e-3
RUNTIME = {
    "AveragePool": "the evaluator counts windows of ceil_mode and of dilations otherwise than ONNX says",
    "ConvTranspose": "the evaluator gives every group the bias of the first, and takes an output_shape for what is there before padding",
    "GlobalLpPool": "the evaluator has none",
    "Gelu": "the evaluator has it as a function of a model only",
    "GroupNormalization": "likewise",
    "GlobalMaxPool": "the evaluator loses axes",
    "GRU": "the evaluator leaves out clip, activations and lengths",
    "LSTM": "as GRU",
    "LpNormalization": "the evaluator takes no absolute values for p=1",
    "LpPool": "as AveragePool",
    "MaxPool": "as AveragePool",
    "MeanVarianceNormalization": "the evaluator subtracts squares, of which little is left where values are near their mean",
    "Resize": "the evaluator takes another pixel for pytorch_half_pixel and a result of one",
    "RNN": "as GRU",
    "Scatter": "the evaluator has none",
}
"""Operators that ONNX Runtime computes instead, and why."""
RUNTIME_BEFORE = {"Softmax": 13, "LogSoftmax": 13, "Hardmax": 13}
"""Likewise before this opset: the evaluator has the later meaning alone."""


def judged_by_runtime(kind, opset):
    """Whether ONNX Runtime computes this operator, and not the reference evaluator."""
    return kind in RUNTIME or opset < RUNTIME_BEFORE.get(kind, 0)


EXACT = frozenset([
    "Abs", "And", "ArgMax", "ArgMin", "Cast", "CastLike", "Ceil", "Clip", "Concat", "Constant", "ConstantOfShape", "DepthToSpace",
    "Dropout", "Equal", "Expand", "EyeLike", "Flatten", "Floor", "Gather", "GatherElements", "GatherND", "GlobalMaxPool", "Greater",
    "GreaterOrEqual", "Hardmax", "Identity", "IsInf", "IsNaN", "Less", "LessOrEqual", "Max", "MaxPool", "Min", "Neg", "Not", "OneHot",
    "Or", "Pad", "Range", "ReduceMax", "ReduceMin", "Relu", "Reshape", "Round", "Shape", "Sign", "Size", "Slice", "SpaceToDepth", "Split",
    "Squeeze", "Tile", "TopK", "Transpose", "Trilu", "Unsqueeze", "Where", "Xor",
])  # fmt: skip
"""Operators that round nothing: exact arguments give exact results."""


class UnfitError(Exception):
    """This step does not fit the graph so far; it is left out."""


@dataclass(frozen=True, eq=False)
class Val:
    """A value of the graph: what it is, and what it is when rounded otherwise; ``known`` where no input is behind it."""

    name: str
    array: np.ndarray
    shadow: np.ndarray
    known: bool = False

    @property
    def shape(self):
        return self.array.shape

    @property
    def rank(self):
        return self.array.ndim

    @property
    def kind(self):
        return self.array.dtype.kind


@dataclass
class Growing:
    """A graph while it grows. ``draw(low, high)`` is a whole number of these, both included."""

    draw: Callable[[int, int], int]
    rng: np.random.Generator
    opset: int
    free: bool
    rows: int
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tables: dict[str, np.ndarray] = field(default_factory=dict)
    inputs: list[Val] = field(default_factory=list)
    pool: list[Val] = field(default_factory=list)
    made: int = 0

    def choice(self, *choices):
        return choices[self.draw(0, len(choices) - 1)]

    def chance(self, out_of=2):
        return self.draw(1, out_of) == 1

    def name(self):
        self.made += 1
        return f"v{self.made}"

    def add_input(self, array):
        self.inputs.append(Val(self.name(), array, array))
        self.pool.append(self.inputs[-1])

    def floats(self, *shape, scale=1.0):
        """A table of floats, none nearly zero."""
        values = self.rng.normal(size=shape) * scale
        return np.asarray(values + np.copysign(0.05 * scale, values), np.float32)

    def positive(self, *shape):
        return np.asarray(self.rng.uniform(0.3, 2, shape), np.float32)

    def ints(self, low, high, *shape):
        """A table of whole numbers, both ends included."""
        return np.asarray(self.rng.integers(low, high + 1, shape), np.int64)

    # ------------------------------------------------------------------ choosing values

    def value(self, kind="f", least=1, most=5, fits=lambda v: True):
        """One of the values so far, a late one rather than an early one; ranks count the batch."""
        found = [v for v in self.pool if v.kind in kind and least <= v.rank <= most and fits(v)]
        if not found:
            raise UnfitError
        return found[max(self.draw(0, len(found) - 1), self.draw(0, len(found) - 1))]

    def shaped(self, rank, fits=lambda v: True):
        """A value of floats with so many axes: one there is, or another in another shape."""
        have = [v for v in self.pool if v.kind == "f" and v.rank == rank and fits(v)]
        if have and not self.chance(4):
            return have[self.draw(0, len(have) - 1)]
        v = self.value(least=1 + self.free)
        sizes, left = [], v.array.size // (self.rows if self.free else 1)
        for _ in range(rank - self.free - 1):
            sizes.append(self.choice(*[n for n in range(1, 9) if left % n == 0]))
            left //= sizes[-1]
        order = self.rng.permutation([*sizes, left]).tolist()
        found = self.add("Reshape", v, np.array([-1, *order] if self.free else order))
        if not fits(found):
            raise UnfitError
        return found

    def axis(self, v):
        """One that is not the batch, counted from either end; and its size."""
        if v.rank <= self.free:
            raise UnfitError
        axis = self.draw(int(self.free), v.rank - 1)
        return (axis - v.rank if self.chance() else axis), v.shape[axis]

    def axes(self, v):
        """Some that are not the batch."""
        if v.rank <= self.free:
            raise UnfitError
        places = list(range(int(self.free), v.rank))
        return sorted(self.rng.choice(places, self.draw(1, len(places)), replace=False).tolist())

    def beside(self, v, make=None):
        """A table that broadcasts against ``v``, the batch apart."""
        shape = [size if self.chance(3) is False else 1 for size in v.shape]
        if self.free and shape:
            shape[0] = 1
        shape = shape[self.draw(0, len(shape)) :]
        return (make or self.floats)(*shape)

    # ------------------------------------------------------------------ growing

    def add(self, kind, *inputs, outputs=1, domain="", wild=False, **attributes):
        """One node; `UnfitError` where its results are of no use. ``wild`` results may be infinite or NaN."""
        names = [self.name() for _ in range(outputs)]
        given = [self._table(v) if isinstance(v, np.ndarray | np.generic) else v for v in inputs]
        node = helper.make_node(kind, ["" if v is None else v.name for v in given], names, domain=domain, **attributes)
        there = {v.name: v for v in given if v is not None}
        plain = self._computed(node, {name: v.array for name, v in there.items()})
        exact = all(v.shadow is v.array for v in there.values())
        other = plain if exact else self._computed(node, {name: v.shadow for name, v in there.items()})
        if exact and (kind in EXACT or all(array.dtype.kind != "f" for array in plain)):
            shadows = plain
        else:
            size = max([float(np.abs(v.array).max(initial=0)) for v in there.values() if v.kind == "f"], default=0.0)
            shadows = [self._rounded(array, size, exact=kind in EXACT) for array in other]
        known = all(v.known for v in there.values())
        made = [Val(n, a, s, known) for n, a, s in zip(names, plain, shadows, strict=True)]
        for v in made:
            self._check(v, wild=wild)
        self.nodes.append(node)
        self.pool += [v for v in made if not (known or wild)]
        return made[0] if outputs == 1 else made

    def _table(self, values):
        name = self.name()
        array = np.asarray(values)
        if self.chance(6):
            self.nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array)))
        else:
            self.tables[name] = array
        return Val(name, array, array, known=True)

    def _computed(self, node, feeds):
        how = _by_runtime if judged_by_runtime(node.op_type, self.opset) else _by_reference
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                found = how(node, feeds, self.opset)
        except Exception as error:
            raise UnfitError(f"{node.op_type}: {error}") from error
        return [np.asarray(array) for array in found]

    def _rounded(self, array, size, *, exact):
        if array.dtype != np.float32 or exact:
            return array.copy()
        finite = np.isfinite(array)
        size = max(size, float(np.abs(array[finite]).max(initial=0)))
        step = np.where(finite, 1e-6 * np.abs(array) + 3e-7 * size, 0)
        return (array + step * self.rng.uniform(-1, 1, array.shape)).astype(np.float32)

    def _check(self, v, *, wild):
        if not 1 <= v.array.size // (self.rows if self.free else 1) <= MOST or v.array.dtype.name not in _TYPES:
            raise UnfitError
        if v.shadow.shape != v.shape:
            raise UnfitError
        if wild:
            return
        if self.free and not v.known and v.shape[:1] != (self.rows,) and not self.moving:
            raise UnfitError
        largest = float(np.abs(v.array.astype(np.float64)).max())
        if not np.isfinite(v.array).all() or not np.isfinite(v.shadow).all() or largest > _LARGEST:
            raise UnfitError
        if apart(v) > (_APART * max(largest, 1e-2) if v.kind == "f" else 0):
            raise UnfitError

    moving = False
    """Whether the batch may stand elsewhere for a moment."""

    def step(self, layer):
        """The graph with this layer, or as it was."""
        before = len(self.nodes), dict(self.tables), len(self.pool)
        try:
            layer(self)
        except UnfitError:
            del self.nodes[before[0] :], self.pool[before[2] :]
            self.tables = before[1]
            return False
        finally:
            self.moving = False
        self.pool = [v for v in self.pool if not self.free or v.shape[:1] == (self.rows,)]
        return True


def apart(v):
    """How far its two roundings are from one another."""
    return float(np.abs(v.array.astype(np.float64) - v.shadow.astype(np.float64)).max(initial=0))


_TYPES = ("float32", "int64", "int32", "int8", "uint8", "bool")


def _by_reference(node, feeds, opset):
    return ReferenceEvaluator(node, opsets={"": opset, ML: _ml(node)}).run(None, feeds)


def _ml(node):
    return 5 if node.op_type == "TreeEnsemble" else 3


def _by_runtime(node, feeds, opset):
    """By a model of this node alone."""
    ends = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    starts = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in feeds.items()]
    graph = helper.make_graph([node], "node", starts, ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    return onnxruntime.InferenceSession(model.SerializeToString(), _quiet(), providers=["CPUExecutionProvider"]).run(None, feeds)


@functools.cache
def _quiet():
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options


@dataclass(frozen=True)
class Made:
    """A graph that is done: the model, how it is called, and what it gives."""

    model: onnx.ModelProto
    signature: Signature
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    tolerances: dict[str, float]
    kinds: tuple[str, ...]
    free: bool

    @property
    def rows(self):
        """Of the batch."""
        return len(next(iter(self.inputs.values()))) if self.free else 1

    def bundle(self, path, name="random") -> Bundle:
        return write_bundle(path, self.model.SerializeToString(), self.signature, (self.inputs, self.outputs), name=name)

    def check(self, found, what):
        """Every output within what rounding explains."""
        assert set(found) == set(self.outputs)
        for name, wanted in self.outputs.items():
            assert found[name].dtype == wanted.dtype, (what, name)
            assert found[name].shape == wanted.shape, (what, name)
            given, right = found[name].astype(np.float64), wanted.astype(np.float64)
            np.testing.assert_allclose(given, right, rtol=1e-5, atol=self.tolerances[name], err_msg=f"{what}: {name} of {self.kinds}")

    def __repr__(self):
        return f"{'batch' if self.free else 'fixed'} {onnx.printer.to_text(self.model.graph)}"


def grown(draw: Callable[[int, int], int], steps: Sequence, wanted=None) -> Made:
    """A graph of some steps, and if it can be of the step ``wanted`` as well."""
    opset = 10 if draw(0, 7) == 0 else (13, 17, 20, 22, 24)[draw(0, 4)]
    if wanted is not None:
        opset = min(max(opset, wanted.first), wanted.last)
    free = draw(0, 2) > 0
    rows = (1, 2, 3, 9, 19)[draw(0, 4)] if free else 1
    g = Growing(draw, np.random.default_rng(draw(0, 2**32 - 1)), opset, free, rows)
    _inputs(g)
    fitting = [s for s in steps if s.first <= opset <= s.last]
    for _ in range(draw(1, 6)):
        g.step(fitting[draw(0, len(fitting) - 1)].layer)
    if wanted is not None:
        for _ in range(8):
            if g.step(wanted.layer):
                break
        if draw(0, 1):
            g.step(fitting[draw(0, len(fitting) - 1)].layer)
    return _finished(g)


def _inputs(g):
    axes = [int(n) for n in g.rng.choice([1, 2, 3, 4, 5, 6, 7, 12, 17], g.draw(1, 3))]
    while np.prod(axes) > MOST:
        axes.pop()
    shape = (g.rows, *axes) if g.free else tuple(axes)
    g.add_input(g.floats(*shape))
    if g.chance(3):
        g.add_input(g.floats(*shape))
    if g.chance(5):
        g.add_input(g.ints(-9, 9, *shape).astype(g.choice(np.int64, np.int32)))
    if g.chance(8):
        g.add_input(g.ints(0, 1, *shape).astype(np.bool_))


def _finished(g) -> Made:
    if not any(v not in g.inputs for v in g.pool):
        g.add("Neg", g.inputs[0])
    used = {name for node in g.nodes for name in node.input}
    ends = [v for v in g.pool if v.name not in used and v not in g.inputs] or g.pool[-1:]
    ends = ends[-4:]
    read = _read(g.nodes, {v.name for v in ends})
    inputs = [v for v in g.inputs if v.name in read] or g.inputs[:1]
    outputs = {v.name: v for v in ends}
    infos = [_info(v, g.free) for v in (*inputs, *ends)]
    tables = [numpy_helper.from_array(values, name) for name, values in g.tables.items()]
    kinds = tuple(node.op_type for node in g.nodes if not read.isdisjoint(node.output))
    graph = helper.make_graph(g.nodes, "random", infos[: len(inputs)], infos[len(inputs) :], tables)
    domains = [helper.make_opsetid("", g.opset), helper.make_opsetid(ML, 5 if "TreeEnsemble" in [n.op_type for n in g.nodes] else 3)]
    specs = [tuple(_spec(v, g.free) for v in side) for side in (inputs, ends)]
    return Made(
        helper.make_model(graph, opset_imports=domains, ir_version=10), Signature(*specs),
        {v.name: v.array for v in inputs}, {n: v.array for n, v in outputs.items()},
        {name: _allowed(v) for name, v in outputs.items()},
        kinds, g.free,
    )  # fmt: skip


def _allowed(v):
    """How far off a result may be: some roundings of the largest value, and ten times what another rounding made of it."""
    return 1e-6 * max(1.0, float(np.abs(v.array).max())) + 10 * apart(v) if v.kind == "f" else 0


def _read(nodes, ends):
    """Names that these values depend on, themselves included."""
    found = set(ends)
    for node in reversed(nodes):
        if not found.isdisjoint(node.output):
            found.update(node.input)
    return found


def _info(v, free):
    shape = ["batch", *v.shape[1:]] if free else v.shape
    return helper.make_tensor_value_info(v.name, helper.np_dtype_to_tensor_dtype(v.array.dtype), shape)


def _spec(v, free):
    return TensorSpec(v.name, str(v.array.dtype), ("batch", *v.shape[1:]) if free else v.shape)


@st.composite
def graphs(draw, steps, wanted=None):
    """Graphs that Hypothesis makes smaller where they fail."""
    return grown(lambda low, high: draw(st.integers(low, high)), steps, wanted)


def by_seed(seed, steps, wanted=None) -> Made:
    """The graph of this number: for many in one compilation, where making a failure smaller would compile again and again."""
    rng = np.random.default_rng(seed)
    return grown(lambda low, high: int(rng.integers(low, high + 1)), steps, wanted)
