"""Layers, reductions and products as steps of a random graph; see `graph_steps`."""

import numpy as np
from graph_steps import STEPS, _i64, step
from graph_strategies import ML, UnfitError

__all__ = ["STEPS"]


# ---------------------------------------------------------------------- reductions


@step("ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare", first=18)
@step("ReduceSum", first=13)
def _reduce(g, kind):
    v = g.value(least=1 + g.free)
    g.add(kind, v, _i64(*g.axes(v)), keepdims=g.draw(0, 1))


@step("ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare", last=17)
@step("ReduceSum", last=12)
def _older_reduce(g, kind):
    v = g.value(least=1 + g.free)
    g.add(kind, v, axes=g.axes(v), keepdims=g.draw(0, 1))


@step("ReduceLogSum", first=18)
def _reduce_log_sum(g, kind):
    v = g.value(least=1 + g.free)
    positive = g.add("Add", g.add("Abs", v), np.array(0.3, np.float32))
    g.add(kind, positive, _i64(*g.axes(positive)), keepdims=g.draw(0, 1))


@step("ArgMax", "ArgMin", first=12)
def _extreme_place(g, kind):
    v = g.value(least=1 + g.free)
    axis, _ = g.axis(v)
    places = g.add(kind, v, axis=axis, keepdims=g.draw(0, 1), select_last_index=g.draw(0, 1))
    g.add("Cast", places, to=1)


@step("TopK", first=11)
def _top(g, kind):
    v = g.value(least=1 + g.free)
    axis, size = g.axis(v)
    _, places = g.add(kind, v, _i64(g.draw(1, size)), outputs=2, axis=axis, largest=g.draw(0, 1), sorted=1)
    g.add("Cast", places, to=1)


@step("TopK", last=9)
def _older_top(g, kind):
    v = g.value(least=1 + g.free)
    axis, size = g.axis(v)
    g.add(kind, v, outputs=2, axis=axis % v.rank, k=g.draw(1, size))


@step("Softmax", "LogSoftmax", "Hardmax", first=13)
def _softmax(g, kind):
    v = g.value(least=1 + g.free)
    g.add(kind, v, axis=g.axis(v)[0])


@step("Softmax", "LogSoftmax", "Hardmax", last=12)
def _older_softmax(g, kind):
    """All axes from there on are one."""
    v = g.value(least=1 + g.free)
    g.add(kind, v, axis=g.draw(int(g.free), v.rank - 1))


@step("LpNormalization")
def _lp_normalization(g, kind):
    v = g.value(least=1 + g.free)
    g.add(kind, v, axis=g.axis(v)[0], p=g.choice(1, 2))


@step("LayerNormalization", first=17)
def _layer_normalization(g, kind):
    v = g.value(least=1 + g.free)
    axis = g.draw(int(g.free), v.rank - 1)
    shape = v.shape[axis:]
    bias = [g.floats(*shape)] if g.chance() else []
    g.add(kind, v, g.floats(*shape), *bias, axis=g.choice(axis, axis - v.rank), epsilon=g.choice(1e-5, 1e-2))


@step("RMSNormalization", first=23)
def _rms(g, kind):
    v = g.value(least=1 + g.free)
    axis = g.draw(int(g.free), v.rank - 1)
    g.add(kind, v, g.floats(*v.shape[axis:]), axis=axis, epsilon=1e-3)


@step("MeanVarianceNormalization", first=13)
def _mvn(g, kind):
    v = g.shaped(4)
    g.add(kind, v, axes=[2, 3] if g.free else g.choice([0, 2, 3], [1, 2]))


@step("InstanceNormalization")
def _instance(g, kind):
    v = g.shaped(g.choice(3, 4))
    g.add(kind, v, g.floats(v.shape[1]), g.floats(v.shape[1]), epsilon=1e-2)


@step("GroupNormalization", first=21)
def _group(g, kind):
    v = g.shaped(g.choice(3, 4))
    groups = g.choice(*[n for n in range(1, v.shape[1] + 1) if v.shape[1] % n == 0])
    g.add(kind, v, g.floats(v.shape[1]), g.floats(v.shape[1]), epsilon=1e-2, num_groups=groups)


@step("BatchNormalization", first=9)
def _batch_normalization(g, kind):
    v = g.value(least=2)
    channels = v.shape[1]
    g.add(kind, v, g.floats(channels), g.floats(channels), g.floats(channels), g.positive(channels), epsilon=1e-3)


# ---------------------------------------------------------------------- products


@step("MatMul")
def _matmul(g, kind):
    v = g.value(least=1 + g.free)
    g.add(kind, v, g.floats(v.shape[-1], g.choice(1, 3, 17), scale=v.shape[-1] ** -0.5))


@step("MatMul", first=9)
def _matmul_of_two(g, kind):
    v = g.value(least=2 + g.free)
    turned = g.add("Transpose", v, perm=[*range(v.rank - 2), v.rank - 1, v.rank - 2])
    g.add(kind, v, turned)


@step("Gemm", first=11)
def _gemm(g, kind):
    v = g.value(least=2, most=2)
    inputs, outputs, turned = v.shape[1], g.choice(1, 5, 18), g.draw(0, 1)
    weight = g.floats(*((outputs, inputs) if turned else (inputs, outputs)), scale=inputs**-0.5)
    bias = g.choice(None, g.floats(outputs), g.floats(1, outputs), g.floats(1))
    g.add(kind, v, weight, *([] if bias is None else [bias]), transB=turned, alpha=g.choice(1.0, 0.5), beta=g.choice(1.0, 2.0))


@step("Einsum", first=12)
def _einsum(g, kind):
    v = g.value(least=2 + g.free, most=2 + g.free)
    n, m = v.shape[-2:]
    batch = "b" if g.free else ""
    equation, shape = g.choice(
        ("nm,mk->nk", (m, 3)), ("nm,mk->kn", (m, 3)), ("nm,nk->mk", (n, 2)), ("nm,nm->n", (n, m)), ("nm,m->nm", (m,))
    )
    left, rest = equation.split(",")
    right, result = rest.split("->")
    g.add(kind, v, g.floats(*shape, scale=0.5), equation=f"{batch}{left},{right}->{batch}{result}")


# ---------------------------------------------------------------------- windows


def _windows(g, sizes):
    """Kernel, strides, dilations and pads that leave something of ``sizes``."""
    kernel, strides, dilations, low, high = [], [], [], [], []
    for size in sizes:
        taps, dilation = g.draw(1, min(3, size)), g.choice(1, 1, 2)
        dilation = dilation if (taps - 1) * dilation < size else 1
        kernel.append(taps)
        strides.append(g.choice(1, 1, 2))
        dilations.append(dilation)
        most = min(1, taps - 1)
        low.append(g.draw(0, most))
        high.append(g.draw(0, most))
    return {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": [*low, *high]}


@step("Conv", first=11)
def _conv(g, kind):
    v = g.shaped(g.choice(3, 4))
    channels = v.shape[1]
    groups = g.choice(1, 1, channels)
    if channels > 12 and groups > 1:
        raise UnfitError
    window = _windows(g, v.shape[2:])
    if g.chance(4):
        window["auto_pad"] = g.choice("SAME_UPPER", "SAME_LOWER", "VALID")
        del window["pads"]
        window["dilations"] = [1] * len(window["dilations"])
    outputs = groups * g.choice(1, 2, 3)
    scale = (channels // groups * int(np.prod(window["kernel_shape"]))) ** -0.5
    bias = [g.floats(outputs)] if g.chance() else []
    g.add(kind, v, g.floats(outputs, channels // groups, *window["kernel_shape"], scale=scale), *bias, group=groups, **window)


@step("ConvTranspose", first=11)
def _conv_transpose(g, kind):
    v = g.shaped(g.choice(3, 4))
    channels, rank = v.shape[1], v.rank - 2
    groups = g.choice(1, channels) if channels < 5 else 1
    kernel, strides = [g.draw(1, 3) for _ in range(rank)], [g.choice(1, 2) for _ in range(rank)]
    gaps = [g.choice(1, 1, 2) for _ in range(rank)]
    full = [s * (n - 1) + (k - 1) * d + 1 for n, k, s, d in zip(v.shape[2:], kernel, strides, gaps, strict=True)]
    more = g.choice(
        {"pads": [0] * 2 * rank},
        {"pads": [g.draw(0, min(1, (n - 1) // 2)) for n in full] * 2},
        {"pads": [0] * 2 * rank, "output_padding": [g.draw(0, s - 1) for s in strides]},
        {"output_shape": [g.draw(max(1, n - 2), n) for n in full], "auto_pad": g.choice("NOTSET", "SAME_UPPER", "SAME_LOWER")},
        {"auto_pad": "VALID"},
    )
    weight = g.floats(channels, g.choice(1, 2), *kernel, scale=channels**-0.5)
    bias = [g.floats(weight.shape[1] * groups)] if g.chance() else []
    g.add(kind, v, weight, *bias, group=groups, strides=strides, dilations=gaps, **more)


@step("MaxPool", "AveragePool", first=19)
def _pool(g, kind):
    v = g.shaped(g.choice(3, 4))
    window = _windows(g, v.shape[2:])
    more = {"count_include_pad": g.draw(0, 1)} if kind == "AveragePool" else {}
    g.add(kind, v, ceil_mode=g.draw(0, 1), **more, **window)


@step("MaxPool", "AveragePool", first=10, last=18)
def _older_pool(g, kind):
    v = g.shaped(g.choice(3, 4))
    window = _windows(g, v.shape[2:])
    if kind == "AveragePool":
        window = {**{k: w for k, w in window.items() if k != "dilations"}, "count_include_pad": g.draw(0, 1)}
    g.add(kind, v, **window)


@step("LpPool", first=18)
def _lp_pool(g, kind):
    v = g.shaped(g.choice(3, 4))
    g.add(kind, v, p=g.choice(1, 2, 3), **_windows(g, v.shape[2:]))


@step("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def _global_pool(g, kind):
    g.add(kind, g.shaped(g.choice(3, 4)), **({"p": g.choice(1, 2)} if kind == "GlobalLpPool" else {}))


def _corners_agree(way, v, scales):
    """Where the size is rounded, ONNX's own tests divide by the size before, and ONNX Runtime by the size after."""
    if way == "align_corners" and any(size * scale % 1 for size, scale in zip(v.shape, scales, strict=True)):
        raise UnfitError
    return way


@step("Resize", first=13)
def _resize(g, kind):
    v = g.shaped(g.choice(3, 4))
    scales = np.array([1, 1, *(g.choice(0.5, 1, 2, 3) for _ in v.shape[2:])], np.float32)
    mode = g.choice("nearest", "linear")
    more = {"nearest_mode": g.choice("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")} if mode == "nearest" else {}
    ways = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
    if any(size * scale < 1 for size, scale in zip(v.shape, scales, strict=True)):
        raise UnfitError
    way = _corners_agree(g.choice(*ways), v, scales)
    g.add(kind, v, None, scales, mode=mode, coordinate_transformation_mode=way, **more)


@step("Resize", first=13)
def _cubic_resize(g, kind):
    v = g.shaped(4)
    scales = np.array([1, 1, *(g.choice(0.5, 1, 1.5, 2, 3) for _ in v.shape[2:])], np.float32)
    if any(np.floor(size * scale) < 1 for size, scale in zip(v.shape, scales, strict=True)):
        raise UnfitError
    ways = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
    more = {"cubic_coeff_a": g.choice(-0.75, -0.5), "exclude_outside": g.draw(0, 1)}
    way = _corners_agree(g.choice(*ways), v, scales)
    g.add(kind, v, None, scales, mode="cubic", coordinate_transformation_mode=way, **more)


# ---------------------------------------------------------------------- one step after the other


@step("GRU", "LSTM", "RNN", first=14)
def _recurrent(g, kind):
    v = g.shaped(3)
    channels, length = v.shape[1:]
    if length > 12 or channels > 24:
        raise UnfitError
    hidden, direction = g.choice(1, 4, 17), g.choice("forward", "reverse", "bidirectional")
    both, gates = 2 if direction == "bidirectional" else 1, {"GRU": 3, "LSTM": 4, "RNN": 1}[kind]
    tables = [g.floats(both, gates * hidden, n, scale=0.3) for n in (channels, hidden)]
    bias = [g.floats(both, 2 * gates * hidden, scale=0.3)] if g.chance() else []
    more = {"linear_before_reset": g.draw(0, 1)} if kind == "GRU" else {}
    more |= {"clip": g.choice(0.2, 1.0, 4.0)} if g.chance(3) else {}
    more |= _activations(g, both * {"GRU": 2, "LSTM": 3, "RNN": 1}[kind]) if g.chance() else {}
    more |= {"input_forget": 1} if kind == "LSTM" and g.chance(4) else {}
    given = _states(g, kind, v.shape[0], length, (both, hidden))
    g.moving = True
    steps = g.add("Transpose", v, perm=[2, 0, 1])
    names = 3 if kind == "LSTM" else 2
    inputs = [*tables, *(bias or [None]), *given] if given else [*tables, *bias]
    every, last, *_ = g.add(kind, steps, *inputs, outputs=names, hidden_size=hidden, direction=direction, **more)
    if g.chance():
        g.add("Transpose", last, perm=[1, 0, 2])
    else:
        g.add("Transpose", every, perm=[2, 0, 1, 3])


_SQUASHES = {
    "Relu": 0, "Tanh": 0, "Sigmoid": 0, "Softsign": 0, "Softplus": 0, "LeakyRelu": 1, "ThresholdedRelu": 1, "Elu": 1, "HardSigmoid": 2,
    "ScaledTanh": 2, "Affine": 2,
}  # fmt: skip
"""Activations of recurrent layers, and how many numbers each takes."""


def _activations(g, count):
    """So many activations, with the numbers that they take."""
    names = [g.choice(*_SQUASHES) for _ in range(count)]
    numbers = [[g.choice(0.2, 0.5, 0.9) for name in names if _SQUASHES[name] > k] for k in (0, 1)]
    return {"activations": names} | {f"activation_{n}": values for n, values in zip(("alpha", "beta"), numbers, strict=True) if values}


def _states(g, kind, entries, length, shape):
    """How many steps count, the states at the start, and the peepholes; of a batch only the last, for all else has its size."""
    both, hidden = shape
    lengths = g.ints(1, length, entries).astype(np.int32) if not g.free and g.chance(3) else None
    starts = [g.floats(both, entries, hidden) if not g.free and g.chance(3) else None for _ in range(1 + (kind == "LSTM"))]
    holes = [g.floats(both, 3 * hidden, scale=0.5)] if kind == "LSTM" and g.chance(3) else []
    found = [lengths, *starts, *holes]
    while found and found[-1] is None:
        found.pop()
    return found


# ---------------------------------------------------------------------- of ai.onnx.ml


@step("Scaler")
def _scaler(g, kind):
    v = g.value(least=2, most=2)
    n = v.shape[1]
    g.add(kind, v, domain=ML, offset=g.floats(n).tolist(), scale=g.positive(n).tolist())


@step("Normalizer")
def _normalizer(g, kind):
    g.add(kind, g.value(least=2, most=2), domain=ML, norm=g.choice("MAX", "L1", "L2"))


@step("LinearRegressor")
def _linear(g, kind):
    v = g.value(least=2, most=2)
    targets = g.draw(1, 3)
    tables = {"coefficients": g.floats(targets * v.shape[1], scale=0.5).tolist(), "intercepts": g.floats(targets).tolist()}
    g.add(kind, v, domain=ML, targets=targets, **tables)
