"""Random chains of layers on images and sequences: read, rewritten and as machine code, against ONNX Runtime.

ONNX Runtime and not ONNX's reference evaluator, which is wrong for some attributes (see `bartik.core.evaluator`) and slow.
"""

import ctypes
from collections import Counter

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.frontend import read_graph
from bartik.compiler.library import library_source
from bartik.compiler.passes import optimise
from bartik.compiler.pipeline import compiled
from bartik.compiler.semantics import interpret
from bartik.core import Signature, TensorSpec, UnsupportedError
from bartik.core.bundle import write_bundle

_SMOOTH = [
    "Tanh",
    "Sigmoid",
    "Softplus",
    "Elu",
    "Erf",
    "Softsign",
    "Sin",
    "Cos",
    "Atan",
    "Asinh",
    "HardSwish",
    "Mish",
    "Gelu",
    "Abs",
    "Relu",
]


class Chain:
    """A model that grows layer by layer; ``shape`` is that of one row, [channels, length]."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.free = bool(self.rng.integers(2))
        self.rows = int(self.rng.integers(1, 4))
        self.first = self.shape = (int(self.rng.integers(1, 7)), int(self.rng.integers(4, 24)))
        self.nodes, self.tables, self.value = [], {}, "x"
        for step in self.rng.choice(len(_STEPS), int(self.rng.integers(2, 7))):
            _STEPS[step](self)

    def table(self, values):
        self.tables[f"k{len(self.tables)}"] = np.asarray(values)
        return f"k{len(self.tables) - 1}"

    def floats(self, *shape, scale=1.0):
        return self.table((self.rng.normal(size=shape) * scale).astype(np.float32))

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def to(self, kind, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def then(self, kind, *inputs, shape=None, **attributes):
        self.value = self.to(kind, self.value, *inputs, **attributes)
        self.shape = shape or self.shape

    def model(self):
        batch = "batch" if self.free else self.rows
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *self.first])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, *self.shape])
        tables = [numpy_helper.from_array(value, name) for name, value in self.tables.items()]
        nodes = [*self.nodes, helper.make_node("Identity", [self.value], ["y"])]
        return helper.make_model(helper.make_graph(nodes, "g", [x], [y], tables), opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def _function(c):
    c.then(str(c.rng.choice(_SMOOTH)))


def _conv(c):
    channels, length = c.shape
    groups = c.pick(1, channels) if channels < 4 else 1
    outputs, taps, stride, dilation = groups * c.pick(1, 2, 5), c.pick(1, 2, 3, 5), c.pick(1, 1, 2, 3), c.pick(1, 1, 2)
    pads = [c.pick(0, 1, 2), c.pick(0, 1, 2)]
    room = length + sum(pads) - (taps - 1) * dilation - 1
    if room < 0:
        return
    weight = c.floats(outputs, channels // groups, taps, scale=(channels * taps / groups) ** -0.5)
    more = {"strides": [stride], "dilations": [dilation], "pads": pads, "group": groups}
    c.then("Conv", weight, *([c.floats(outputs)] if c.pick(0, 1) else []), shape=(outputs, room // stride + 1), **more)


def _conv_transpose(c):
    channels, length = c.shape
    outputs, taps, stride = c.pick(1, 3), c.pick(1, 2, 3), c.pick(1, 2, 3)
    weight = c.floats(channels, outputs, taps, scale=channels**-0.5)
    c.then("ConvTranspose", weight, shape=(outputs, (length - 1) * stride + taps), strides=[stride])


def _pool(c):
    taps, stride = c.pick(1, 2, 3), c.pick(1, 2)
    if c.shape[1] < taps:
        return
    more = {"count_include_pad": c.pick(0, 1)} if (kind := c.pick("MaxPool", "AveragePool")) == "AveragePool" else {}
    c.then(kind, shape=(c.shape[0], (c.shape[1] - taps) // stride + 1), kernel_shape=[taps], strides=[stride], **more)


def _global_pool(c):
    c.then(c.pick("GlobalAveragePool", "GlobalMaxPool"), shape=(c.shape[0], 1))


def _batch_norm(c):
    channels = c.shape[0]
    positive = c.table(c.rng.uniform(0.5, 2, channels).astype(np.float32))
    c.then("BatchNormalization", c.floats(channels), c.floats(channels), c.floats(channels), positive, epsilon=1e-3)


def _layer_norm(c):
    c.then("LayerNormalization", c.floats(c.shape[1]), c.floats(c.shape[1]), axis=-1)


def _instance_norm(c):
    c.then("InstanceNormalization", c.floats(c.shape[0]), c.floats(c.shape[0]), epsilon=1e-2)


def _softmax(c):
    c.then(c.pick("Softmax", "LogSoftmax"), axis=c.pick(1, 2, -1))


def _reduce(c):
    axis = c.pick(1, 2)
    kind = c.pick("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare")
    c.then(kind, c.table(np.array([axis])), shape=(1, c.shape[1]) if axis == 1 else (c.shape[0], 1), keepdims=1)


def _transpose(c):
    c.then("Transpose", shape=c.shape[::-1], perm=[0, 2, 1])


def _reshape(c):
    flat = c.shape[0] * c.shape[1]
    channels = c.pick(*[n for n in range(1, 9) if flat % n == 0])
    c.then("Reshape", c.table(np.array([0, channels, flat // channels])), shape=(channels, flat // channels))


def _slice(c):
    length = c.shape[1]
    start, step = int(c.rng.integers(0, length)), c.pick(1, 2, -1)
    end = length if step > 0 else -length - 1
    kept = len(range(start, length, step) if step > 0 else range(start, -1, step))
    c.then("Slice", *(c.table(np.array([v])) for v in (start, end, 2, step)), shape=(c.shape[0], kept))


def _concat(c):
    other = c.to("Neg", c.value)
    axis = c.pick(1, 2)
    shape = (2 * c.shape[0], c.shape[1]) if axis == 1 else (c.shape[0], 2 * c.shape[1])
    c.then("Concat", other, shape=shape, axis=axis)


def _split(c):
    if c.shape[1] < 2:
        return
    left = int(c.rng.integers(1, c.shape[1]))
    parts = c.to("Split", c.value, c.table(np.array([left, c.shape[1] - left])), outputs=2, axis=2)
    c.value, c.shape = parts[0], (c.shape[0], left)


def _pad(c):
    mode, low, high = c.pick("constant", "edge"), c.pick(0, 1, 3), c.pick(0, 2)
    value = [c.table(np.float32(0.5))] if mode == "constant" else []
    c.then("Pad", c.table(np.array([0, 0, low, 0, 0, high])), *value, shape=(c.shape[0], c.shape[1] + low + high), mode=mode)


def _resize(c):
    scale, mode = c.pick(2, 3), c.pick("nearest", "linear")
    scales = c.table(np.array([1, 1, scale], np.float32))
    c.then(
        "Resize",
        "",
        scales,
        shape=(c.shape[0], c.shape[1] * scale),
        mode=mode,
        coordinate_transformation_mode=c.pick("half_pixel", "asymmetric"),
    )


def _sort(c):
    axis = c.pick(1, 2)
    kept = int(c.rng.integers(1, c.shape[axis - 1] + 1))
    values, places = c.to("TopK", c.value, c.table(np.array([kept])), outputs=2, axis=axis, largest=c.pick(0, 1))
    shape = (kept, c.shape[1]) if axis == 1 else (c.shape[0], kept)
    if c.pick(0, 1):
        c.value, c.shape = values, shape
    else:  # what lies there, and a little of where it lies
        taken = c.to("GatherElements", c.value, places, axis=axis)
        c.value, c.shape = c.to("Add", taken, c.to("Cast", places, to=TensorProto.FLOAT)), shape


def _scatter(c):
    [places] = [c.to("ArgMax", c.value, axis=2, keepdims=1)]
    most = c.to("ReduceMax", c.value, c.table(np.array([2])), keepdims=1)
    c.then("ScatterElements", places, c.to("Neg", most), axis=2, reduction=c.pick("none", "add", "mul", "max", "min"))


def _gather(c):
    axis = c.pick(1, 2)
    places = c.rng.integers(-c.shape[axis - 1], c.shape[axis - 1], int(c.rng.integers(1, 9)))
    shape = (len(places), c.shape[1]) if axis == 1 else (c.shape[0], len(places))
    c.then("Gather", c.table(places), shape=shape, axis=axis)


def _running(c):
    c.then("CumSum", c.table(np.array(c.pick(1, 2))), exclusive=c.pick(0, 1), reverse=c.pick(0, 1))


def _matmul(c):
    outputs = c.pick(1, 3, 17)
    c.then("MatMul", c.floats(c.shape[1], outputs, scale=c.shape[1] ** -0.5), shape=(c.shape[0], outputs))


def _left_matmul(c):
    outputs = c.pick(1, 4)
    c.value = c.to("MatMul", c.floats(outputs, c.shape[0], scale=c.shape[0] ** -0.5), c.value)
    c.shape = (outputs, c.shape[1])


def _attention(c):
    turned = c.to("Transpose", c.value, perm=[0, 2, 1])
    weights = c.to("Softmax", c.to("MatMul", c.value, turned), axis=-1)
    c.value = c.to("MatMul", weights, c.value)


def _einsum(c):
    outputs = c.pick(2, 3)
    c.then("Einsum", c.floats(c.shape[1], outputs, scale=c.shape[1] ** -0.5), shape=(outputs, c.shape[0]), equation="bcl,lo->boc")


def _recurrent(c):
    kind, hidden, direction = c.pick("GRU", "LSTM", "RNN"), c.pick(1, 5, 18), c.pick("forward", "reverse")
    gates = {"GRU": 3, "LSTM": 4, "RNN": 1}[kind]
    channels, length = c.shape
    more = {"linear_before_reset": c.pick(0, 1)} if kind == "GRU" else {}
    steps = c.to("Transpose", c.value, perm=[2, 0, 1])
    tables = [c.floats(1, gates * hidden, n, scale=0.3) for n in (channels, hidden, 2)][:2]
    every = c.to(kind, steps, *tables, c.floats(1, 2 * gates * hidden), outputs=2, hidden_size=hidden, direction=direction, **more)[0]
    c.value = c.to("Transpose", c.to("Squeeze", every, c.table(np.array([1]))), perm=[1, 2, 0])
    c.shape = (hidden, length)


def _where(c):
    condition = c.to(c.pick("Less", "GreaterOrEqual"), c.value, c.floats(c.shape[0], 1))
    c.value = c.to("Where", condition, c.value, c.floats(1, c.shape[1]))


def _arithmetic(c):
    shape = c.pick((), (c.shape[1],), (c.shape[0], 1), (1, *c.shape))
    c.then(c.pick("Add", "Mul", "Sub", "Max", "Min"), c.floats(*shape))


def _tile(c):
    times = c.pick(1, 2)
    c.then("Tile", c.table(np.array([1, times, 1])), shape=(times * c.shape[0], c.shape[1]))


def _power(c):
    c.value = c.to("Abs", c.value)
    c.then("Pow", c.table(np.float32(c.pick(2, 0.5, 1.7, 3))))


_STEPS = [
    _function, _conv, _conv_transpose, _pool, _global_pool, _batch_norm, _layer_norm, _instance_norm, _softmax, _reduce, _transpose,
    _reshape, _slice, _concat, _split, _pad, _resize, _sort, _scatter, _gather, _running, _matmul, _left_matmul, _attention, _einsum,
    _recurrent, _where, _arithmetic, _tile, _power, _function, _conv,
]  # fmt: skip


def _made(seed, folder):
    """A bundle of the chain, with what ONNX Runtime makes of it; nothing where that is no usable number."""
    chain = Chain(seed)
    model = chain.model()
    x = np.random.default_rng([seed, 1]).normal(size=(chain.rows, *chain.first)).astype(np.float32)  # not the numbers of the tables
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    y = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    if not np.isfinite(y).all() or np.abs(y).max(initial=0) > 1e4:
        return None
    batch = "batch" if chain.free else chain.rows
    signature = Signature((TensorSpec("x", "float32", (batch, *chain.first)),), (TensorSpec("y", "float32", (batch, *chain.shape)),))
    bundle = write_bundle(folder / f"b{seed}", model.SerializeToString(), signature, ({"x": x}, {"y": y}), name="chain")
    return chain, bundle, x, y


def _close(found, wanted, chain, seed):
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    kinds = [node.op_type for node in chain.nodes]
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4 * scale, err_msg=f"seed {seed}: {kinds}")


def _interpreted(seeds, folder):
    seen, refused = Counter(), 0
    for seed in seeds:
        made = _made(seed, folder)
        if made is None:
            continue
        chain, bundle, x, y = made
        try:
            graph = read_graph(bundle)
        except UnsupportedError:
            refused += 1
            continue
        _close(interpret(graph, {"x": x})["y"], y, chain, seed)
        _close(interpret(optimise(graph), {"x": x})["y"], y, chain, seed)
        seen.update(node.op_type for node in chain.nodes)
    assert refused <= len(seeds) // 20, f"{refused} of {len(seeds)} refused"
    return seen


def _run_compiled(seeds, folder):
    done = []
    for seed in seeds:
        made = _made(seed, folder)
        try:
            if made is not None:
                done.append((seed, *made, compiled(made[1])))
        except UnsupportedError:
            continue
    text = "".join(_numbered(library_source(each[-1]), place) for place, each in enumerate(done))
    flags = [flag if flag != "-O3" else "-O1" for flag in FLAGS]
    library = ctypes.CDLL(str(build_shared(text, name="random_layers", flags=flags)))
    for place, (seed, chain, _, x, y, _) in enumerate(done):
        found = np.zeros_like(y)
        pointers = [(ctypes.c_void_p * 1)(array.ctypes.data) for array in (np.ascontiguousarray(x), found)]
        library[f"bartik_run_{place}"](*pointers, ctypes.c_size_t(chain.rows if chain.free else 1))
        _close(found, y, chain, seed)


def _numbered(source, place):
    for word in ("bartik_run", "bartik_digest", "bartik_multiply_adds"):
        source = source.replace(f"{word}(", f"{word}_{place}(")
    source = source.replace("struct Workspace {", f"struct Workspace_{place} {{").replace("~Workspace()", f"~Workspace_{place}()")
    source = source.replace("thread_local Workspace workspace;", f"thread_local Workspace_{place} workspace_{place};")
    return (
        source.replace("workspace.memory", f"workspace_{place}.memory")
        .replace("namespace bartik::chain", f"namespace bartik::chain_{place}")
        .replace("bartik::chain::", f"bartik::chain_{place}::")
    )


def test_hundreds_of_chains_mean_what_onnx_runtime_computes(tmp_path):
    seen = _interpreted(range(300), tmp_path)
    wanted = {
        "Conv",
        "ConvTranspose",
        "GRU",
        "LSTM",
        "RNN",
        "Softmax",
        "TopK",
        "ScatterElements",
        "Einsum",
        "Resize",
        "Pad",
        "LayerNormalization",
    }
    assert wanted <= set(seen), f"not seen: {wanted - set(seen)}"


def test_chains_as_machine_code(tmp_path):
    _run_compiled(range(1000, 1024), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2000, 6000, 500))
def test_thousands_of_chains_mean_what_onnx_runtime_computes(first, tmp_path):
    _interpreted(range(first, first + 500), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(6000, 6300, 30))
def test_hundreds_of_chains_as_machine_code(first, tmp_path):
    _run_compiled(range(first, first + 30), tmp_path)
