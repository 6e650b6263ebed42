"""One way to add each operator to a random graph, with every attribute that it may have; see `graph_strategies`."""

import math
from dataclasses import dataclass

import numpy as np
from graph_strategies import UnfitError
from onnx import TensorProto, numpy_helper

NEWEST = 99


@dataclass(frozen=True)
class Step:
    """How an operator joins a graph, and the opsets in which it is written so."""

    kind: str
    layer: object
    first: int = 7
    last: int = NEWEST


STEPS = []


def step(*kinds, first=7, last=NEWEST):
    """A layer ``(g, kind)`` for each of these operators."""

    def note(layer):
        STEPS.extend(Step(kind, lambda g, kind=kind: layer(g, kind), first, last) for kind in kinds)
        return layer

    return note


def _i64(*values):
    return np.array(values, np.int64)


# ---------------------------------------------------------------------- element by element


@step(
    "Abs", "Atan", "Ceil", "Cos", "Exp", "Floor", "Identity", "Neg", "Reciprocal", "Relu", "Sigmoid", "Sin", "Softplus", "Softsign", "Tanh",
)  # fmt: skip
@step("Asinh", "Cosh", "Erf", "Sign", "Sinh", first=9)
@step("Round", first=11)
@step("HardSwish", first=14)
@step("Mish", first=18)
def _unary(g, kind):
    g.add(kind, g.value())


@step("Sqrt", "Log")
@step("Acosh", first=9)
def _of_positive(g, kind):
    positive = g.add("Abs", g.value())
    g.add(kind, g.add("Add", positive, np.array(1.1, np.float32)))


@step("Acos", "Asin")
@step("Atanh", first=9)
def _of_small(g, kind):
    small = g.add("Tanh", g.value())
    g.add(kind, g.add("Mul", small, np.array(0.9, np.float32)))


@step("Tan")
def _tan(g, kind):
    g.add(kind, g.add("Tanh", g.value()))


@step("Elu", "LeakyRelu", "ThresholdedRelu")
@step("Celu", first=12)
def _with_alpha(g, kind):
    if kind == "ThresholdedRelu" and g.opset < 10:
        raise UnfitError
    g.add(kind, g.value(), **({"alpha": g.choice(0.1, 0.5, 1.7)} if g.chance() else {}))


@step("Swish", first=24)
def _swish(g, kind):
    g.add(kind, g.value(), alpha=g.choice(0.5, 1.0, 1.7))


@step("Selu")
def _selu(g, kind):
    g.add(kind, g.value(), **({"alpha": 1.3, "gamma": 0.8} if g.chance() else {}))


@step("HardSigmoid")
def _hard_sigmoid(g, kind):
    g.add(kind, g.value(), **({"alpha": 0.3, "beta": 0.4} if g.chance() else {}))


@step("Gelu", first=20)
def _gelu(g, kind):
    g.add(kind, g.value(), approximate=g.choice("none", "tanh"))


@step("Shrink", first=9)
def _shrink(g, kind):
    g.add(kind, g.value(), lambd=g.choice(0.2, 0.5), bias=g.choice(0.0, 0.1))


@step("PRelu")
def _prelu(g, kind):
    v = g.value()
    g.add(kind, v, g.beside(v))


@step("Clip", first=11)
def _clip(g, kind):
    low, high = (np.array(x, np.float32) for x in (-0.7, 0.9))
    g.add(kind, g.value(), g.choice(low, None), g.choice(high, None) if g.chance() else high)


@step("Clip", last=10)
def _older_clip(g, kind):
    g.add(kind, g.value(), **g.choice({"min": -0.5}, {"max": 0.8}, {"min": -0.4, "max": 0.6}))


@step("Dropout")
def _dropout(g, kind):
    g.add(kind, g.value(), **({"ratio": 0.3} if g.opset < 12 and g.chance() else {}))


@step("Add", "Sub", "Mul")
def _arithmetic(g, kind):
    v = g.value()
    other = g.beside(v) if g.chance() else g.value(fits=lambda w: _broadcast(g, v, w))
    g.add(kind, *((v, other) if g.chance() else (other, v)))


def _broadcast(g, v, w):
    try:
        return np.broadcast_shapes(v.shape, w.shape)[:1] == (g.rows,) or not g.free
    except ValueError:
        return False


@step("Div")
def _divide(g, kind):
    v = g.value()
    g.add(kind, v, g.beside(v, g.positive))


@step("Pow")
def _power(g, kind):
    base = g.add("Add", g.add("Abs", g.value()), np.array(0.2, np.float32))
    g.add(kind, base, np.array(g.choice(2, 3, 0.5, -1, 1.7), np.float32))


@step("Mod", first=10)
def _mod(g, kind):
    v = g.value()
    g.add(kind, v, g.beside(v, g.positive), fmod=1)


@step("Max", "Min", "Sum", "Mean", first=8)
def _several(g, kind):
    v = g.value()
    others = [g.beside(v) if g.chance() else g.value(fits=lambda w: w.shape == v.shape) for _ in range(g.draw(0, 2))]
    g.add(kind, v, *others)


@step("Less", "Greater", first=9)
@step("LessOrEqual", "GreaterOrEqual", first=12)
def _compare(g, kind):
    v = g.value()
    _as_float(g, g.add(kind, v, g.beside(v)))


@step("Equal", first=11)
def _equal(g, kind):
    v = g.add("Cast", g.add("Round", g.value()), to=TensorProto.INT64)
    _as_float(g, g.add(kind, v, _i64(g.draw(-1, 1))))


@step("And", "Or", "Xor")
def _logic(g, kind):
    v = g.value()
    if g.opset < 9:
        raise UnfitError
    _as_float(g, g.add(kind, g.add("Less", v, g.beside(v)), g.add("Greater", v, g.beside(v))))


@step("Not")
def _not(g, kind):
    v = g.value()
    if g.opset < 9:
        raise UnfitError
    _as_float(g, g.add(kind, g.add("Less", v, g.beside(v))))


@step("IsNaN", first=13)
def _is_nan(g, kind):
    v = g.value()
    wild = g.add("Log", v, wild=True)
    _as_float(g, g.add(kind, wild))


@step("IsInf", first=20)
def _is_inf(g, kind):
    v = g.value()
    wild = g.add("Div", v, g.add("Relu", v), wild=True)
    _as_float(g, g.add(kind, wild, detect_negative=g.draw(0, 1), detect_positive=g.draw(0, 1)))


def _as_float(g, v):
    return g.add("Cast", v, to=TensorProto.FLOAT)


@step("Where", first=9)
def _where(g, kind):
    v = g.value()
    condition = g.add("Less", v, g.beside(v))
    g.add(kind, condition, *((v, g.beside(v)) if g.chance() else (g.beside(v), v)))


@step("Cast", first=9)
def _cast(g, kind):
    to = g.choice(TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.FLOAT)
    _as_float(g, g.add(kind, g.add("Mul", g.value(), np.array(3.3, np.float32)), to=to))


@step("CastLike", first=15)
def _cast_like(g, kind):
    _as_float(g, g.add(kind, g.add("Mul", g.value(), np.array(3.3, np.float32)), np.zeros(1, g.choice(np.int64, np.int32, np.float32))))


@step("QuantizeLinear", "DequantizeLinear", first=13)
def _quantize(g, kind):
    del kind
    dtype = g.choice(np.uint8, np.int8)
    scale, zero = np.array(0.07, np.float32), np.array(g.choice(0, 3, 100), dtype)
    g.add("DequantizeLinear", g.add("QuantizeLinear", g.value(), scale, zero), scale, zero)


@step("QuantizeLinear", "DequantizeLinear", first=13)
def _quantize_each(g, kind):
    """With a scale and a middle for each place along an axis."""
    del kind
    v = g.value(least=1 + g.free)
    axis, size = g.axis(v)
    dtype = g.choice(np.uint8, np.int8)
    scale, zero = (0.1 * g.positive(size)).astype(np.float32), g.ints(0, 100, size).astype(dtype)
    small = g.add("QuantizeLinear", v, scale, zero, axis=axis)
    g.add("DequantizeLinear", small, scale, zero, axis=axis)


@step("CumSum", first=11)
def _cumsum(g, kind):
    v = g.value(least=1 + g.free)
    axis, _ = g.axis(v)
    g.add(kind, v, np.array(axis, np.int64), exclusive=g.draw(0, 1), reverse=g.draw(0, 1))


# ---------------------------------------------------------------------- shapes


@step("Transpose")
def _transpose(g, kind):
    v = g.value(least=2)
    order = list(range(int(g.free), v.rank))
    g.add(kind, v, perm=[*range(int(g.free)), *g.rng.permutation(order).tolist()])


@step("Reshape")
def _reshape(g, kind):
    v = g.value(least=1 + g.free)
    width = v.array.size // (g.rows if g.free else 1)
    first = g.choice(*[n for n in range(1, width + 1) if width % n == 0][:6])
    tail = [first, width // first] if g.chance() else [width]
    g.add(kind, v, _i64(*([g.choice(0, -1)] if g.free else []), *tail))


@step("Flatten")
def _flatten(g, kind):
    v = g.value(least=2)
    g.add(kind, v, axis=1 if g.free else g.draw(0, v.rank))


@step("Squeeze", "Unsqueeze", first=13)
def _squeeze(g, kind):
    v = g.value(most=4)
    place = g.draw(int(g.free), v.rank)
    wider = g.add("Unsqueeze", v, _i64(place))
    if kind == "Squeeze":
        g.add(kind, g.add("Neg", wider), _i64(place))


@step("Squeeze", "Unsqueeze", last=12)
def _older_squeeze(g, kind):
    v = g.value(most=4)
    place = g.draw(int(g.free), v.rank)
    wider = g.add("Unsqueeze", v, axes=[place])
    if kind == "Squeeze":
        g.add(kind, g.add("Neg", wider), axes=[place])


@step("Concat")
def _concat(g, kind):
    v = g.value(least=1 + g.free)
    axis, _ = g.axis(v)
    beside = [g.value(fits=lambda w: _joins(v, w, axis)) for _ in range(g.draw(0, 2))]
    g.add(kind, v, g.add("Neg", v), *beside, axis=axis)


def _joins(v, w, axis):
    return v.rank == w.rank and np.delete(v.shape, axis).tolist() == np.delete(w.shape, axis).tolist()


@step("Split", first=13)
def _split(g, kind):
    v = g.value(least=1 + g.free)
    axis, size = g.axis(v)
    if size < 2:
        raise UnfitError
    left = g.draw(1, size - 1)
    g.add(kind, v, _i64(left, size - left), outputs=2, axis=axis)


@step("Split", first=7, last=12)
def _older_split(g, kind):
    v = g.value(least=1 + g.free)
    axis, size = g.axis(v)
    if size < 2 or (axis < 0 and g.opset < 11):
        raise UnfitError
    left = g.draw(1, size - 1)
    g.add(kind, v, outputs=2, axis=axis, split=[left, size - left])


@step("Slice", first=10)
def _slice(g, kind):
    v = g.value(least=1 + g.free)
    axis, size = g.axis(v)
    jump = g.choice(1, 1, 2, -1, -2)
    start, end = (g.draw(-size - 1, size + 1) for _ in range(2))
    g.add(kind, v, _i64(start), _i64(g.choice(end, -(2**31) if jump < 0 else 2**31)), _i64(axis), _i64(jump))


@step("Slice", last=9)
def _older_slice(g, kind):
    v = g.value(least=1 + g.free)
    axis, size = g.axis(v)
    g.add(kind, v, starts=[g.draw(0, size - 1)], ends=[2**31], axes=[axis % v.rank])


@step("Gather", first=11)
def _gather(g, kind):
    v = g.value(least=1 + g.free)
    axis, size = g.axis(v)
    shape = g.choice((), (3,), (2, 2))
    g.add(kind, v, g.ints(-size, size - 1, *shape), axis=axis)


@step("GatherElements", first=11)
def _gather_elements(g, kind):
    v = g.value(least=1 + g.free)
    axis, _ = g.axis(v)
    places = g.add("ArgMax", v, axis=axis, keepdims=1)
    g.add(kind, v, places, axis=axis)


@step("GatherND", first=12)
def _gather_nd(g, kind):
    if g.free:
        raise UnfitError  # places are a table, which has no batch
    v = g.value(least=2)
    depth = g.draw(1, v.rank)
    g.add(kind, v, np.stack([g.rng.integers(0, size, 4) for size in v.shape[:depth]], axis=-1).astype(np.int64))


@step("Scatter", last=10)
@step("ScatterElements", first=11)
def _scatter_elements(g, kind):
    if kind == "Scatter" and g.opset < 9:
        raise UnfitError
    v = g.value(least=1 + g.free)
    axis = int(g.draw(int(g.free), v.rank - 1)) if v.rank > g.free else 0
    places = g.add("ArgMin", v, axis=axis, keepdims=1)
    most = g.add("Neg", g.add("ReduceMax", v, _i64(axis), keepdims=1) if g.opset >= 18 else g.add("ReduceMax", v, axes=[axis], keepdims=1))
    more = {"reduction": g.choice("none", "add", "mul", "max", "min")} if g.opset >= 18 else {}
    g.add(kind, v, places, most, axis=axis, **more)


@step("ScatterND", first=11)
def _scatter_nd(g, kind):
    if g.free:
        raise UnfitError
    v = g.value(least=1)
    rows = g.rng.permutation(v.shape[0])[: g.draw(1, v.shape[0])]
    g.add(kind, v, rows[:, None].astype(np.int64), g.floats(len(rows), *v.shape[1:]))


@step("Expand", first=8)
def _expand(g, kind):
    v = g.value(least=1 + g.free, most=3)
    axis, _ = g.axis(v)
    one = g.add("ReduceMax", v, _i64(axis), keepdims=1) if g.opset >= 18 else g.add("ReduceMax", v, axes=[axis % v.rank], keepdims=1)
    wanted = [1] * one.rank
    wanted[axis] = g.draw(1, 4)
    g.add(kind, one, _i64(*wanted))


@step("Tile")
def _tile(g, kind):
    v = g.value(least=1 + g.free)
    g.add(kind, v, _i64(*[1] * int(g.free), *(g.draw(1, 2) for _ in range(v.rank - int(g.free)))))


@step("Pad", first=13)
def _pad(g, kind):
    v = g.value(least=1 + g.free)
    inner = v.shape[int(g.free) :]
    mode = g.choice("constant", "edge", "reflect")
    most = [min(2, size - 1) if mode == "reflect" else 2 for size in inner]
    before, after = ([0] * int(g.free) + [g.draw(0, m) for m in most] for _ in range(2))
    g.add(kind, v, _i64(*before, *after), *([np.array(0.5, np.float32)] if mode == "constant" else []), mode=mode)


@step("Pad", last=10)
def _older_pad(g, kind):
    v = g.value(least=1 + g.free)
    before, after = ([0] * int(g.free) + [g.draw(0, 2) for _ in v.shape[int(g.free) :]] for _ in range(2))
    g.add(kind, v, pads=[*before, *after], value=0.25)


@step("DepthToSpace", "SpaceToDepth", first=11)
def _depth(g, kind):
    v = g.shaped(4)
    shape = (v.shape[0], 8, 2, 4)
    flat = g.add("Reshape", v, _i64(-1 if g.free else v.shape[0], v.array.size // v.shape[0]))
    repeated = g.add("Tile", flat, _i64(1, math.ceil(64 / flat.shape[1])))
    cut = g.add("Slice", repeated, _i64(0), _i64(64), _i64(1), _i64(1))
    image = g.add("Reshape", cut, _i64(-1 if g.free else shape[0], *shape[1:]))
    g.add(kind, image, blocksize=2, **({"mode": g.choice("DCR", "CRD")} if kind == "DepthToSpace" else {}))


@step("OneHot", first=11)
def _one_hot(g, kind):
    v = g.value(least=1 + g.free, most=3)
    axis, size = g.axis(v)
    places = g.add("ArgMax", v, axis=axis, keepdims=g.draw(0, 1))
    g.add(kind, places, np.array(size + 1, np.int64), np.array([0.25, 1.5], np.float32), axis=-1)


@step("Trilu", first=14)
def _trilu(g, kind):
    v = g.value(least=2 + g.free)
    g.add(kind, v, np.array(g.draw(-2, 2), np.int64), upper=g.draw(0, 1))


@step("Shape", "Size")
def _shape(g, kind):
    if g.free:
        raise UnfitError
    v = g.value()
    g.add("Mul", v, _as_float(g, g.add("ReduceMax", g.add(kind, v), _i64(0), keepdims=0) if kind == "Shape" else g.add(kind, v)))


@step("ConstantOfShape", first=9)
def _constant_of_shape(g, kind):
    v = g.value(least=1 + g.free)
    value = numpy_helper.from_array(np.array([0.75], np.float32))
    g.add("Add", v, g.add(kind, _i64(v.shape[-1]), value=value))


@step("Range", first=11)
def _range(g, kind):
    v = g.value(least=1 + g.free)
    ramp = g.add(kind, np.array(0.5, np.float32), np.array(0.5 + v.shape[-1], np.float32), np.array(1, np.float32))
    g.add("Add", v, ramp)


@step("EyeLike", first=9)
def _eye(g, kind):
    if g.free:
        raise UnfitError
    v = g.value(least=2, most=2)
    g.add("Add", v, g.add(kind, v, k=g.draw(-1, 1), dtype=TensorProto.FLOAT))


@step("Constant")
def _constant(g, kind):
    del kind
    v = g.value()
    g.add("Add", v, g.beside(v))
