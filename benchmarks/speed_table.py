"""The trigger's kinds of model: our compiler against the runtimes that are installed, in one process, on one thread.

    python benchmarks/speed_table.py [--only mlp,trees] [--seconds 4] [--json FILE]

``native (C)`` is the compiled header called in a loop of C, as the trigger calls it; ``native`` and all peers are called from Python, in
turn, with the time of the call in it. ONNX Runtime, OpenVINO, XGBoost and lleaves run on one thread. The
limit is what this machine does when it executes the model's multiply-adds and nothing else. Every runtime's answers are compared before
it is timed. Ratios are of medians, with the 68% interval of a bootstrap over rounds.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from threadpoolctl import threadpool_limits

import bartik
from bartik.compiler.build import build_shared
from bartik.compiler.library import library_source
from bartik.compiler.pipeline import compiled
from bartik.core import Array, Signature, TensorSpec
from bartik.core.bundle import Bundle, write_bundle
from bartik.core.files import write_json
from bartik.core.provenance import revision
from bartik.profile.clock import Call, Timing, interleave, ratio
from bartik.profile.limit import build_limit
from bartik.profile.machine import machine

try:
    import openvino
except ImportError:
    openvino = None
try:
    import xgboost
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType
except ImportError:
    xgboost = None
try:
    import lightgbm
    import lleaves
except ImportError:
    lleaves = None

RNG = np.random.default_rng(0)
_LOOP = """
extern "C" __attribute__((visibility("default"))) void bartik_each(const void* const* inputs, void* const* outputs, std::size_t rows,
                                                                   std::size_t width, std::size_t results, std::size_t times) {{
  for (std::size_t k = 0; k < times; ++k) {{
    const void* in[] = {{static_cast<const float*>(inputs[0]) + k * rows * width}};
    void* out[] = {{static_cast<float*>(outputs[0]) + k * rows * results}};
    bartik_run(in, out, rows);
  }}
}}
"""
_TIMES = 64
"""Calls in one loop of C, each of rows of its own."""
_LOOP_ROWS = 4096
"""Rows of one loop: they stay in the cache, as they would behind what makes them."""


@dataclass(frozen=True)
class Work:
    """A model with one input and one output, rows to give it, batches, multiply-adds of a row, and peers of its own."""

    model: onnx.ModelProto
    rows: Array
    batches: tuple[int, ...]
    multiply_adds: int
    peers: Mapping[str, Callable[[Array], Array]]


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    chosen = options.only.split(",") if options.only else list(WORKS)
    unknown = [name for name in chosen if name not in WORKS]
    if unknown:
        print(f"--only {unknown[0]}: no such work; known: {', '.join(WORKS)}")
        return 2
    found = []
    print(HEAD)
    with threadpool_limits(1):
        for name in chosen:
            for row in measure(name, WORKS[name](), options.seconds):
                found.append(row)
                print(show(row), flush=True)
    print(f"\n{where()}")
    if options.json:
        write_json(options.json, {"rows": found, "commit": revision(Path(__file__).parent), "machine": machine()})
    return 0


def where() -> str:
    """The machine, what ran on it, and how busy it was: what every number of the table is of."""
    here, now = machine(), datetime.now(tz=UTC).date()
    vectors = next((name for name in ("avx512f", "avx2", "avx") if name in here["simd"]), "no AVX")
    packages = [name for name in ("onnxruntime", "openvino", "xgboost", "lightgbm", "lleaves") if importlib.util.find_spec(name)]
    on = f"{now}, {here['cores']} cores of {here['cpu']} ({vectors}), load {here['load_1min']}"
    return f"{on}; {here['compiler']}; {', '.join(f'{name} {_version(name)}' for name in packages)}"


def _version(package: str) -> str:
    """Of the distribution of this name, or of the module, where that has another."""
    try:
        return version(package)
    except PackageNotFoundError:
        return str(importlib.import_module(package).__version__)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", help="works to measure, separated by commas")
    parser.add_argument("--seconds", type=float, default=4.0, help="time for each batch of each work")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    return parser


HEAD = "| work | batch | runtime | per row | native (C) is faster | of the limit |\n|---|---|---|---|---|---|"


def show(row: Mapping[str, Any]) -> str:
    """One batch of one work as lines of Markdown."""
    lines = []
    for name, each in row["runtimes"].items():
        faster = each.get("native (C) is faster")
        text = f"{faster['value']:.2f} ({faster['low']:.2f} to {faster['high']:.2f})" if faster else ""
        limit = f"{100 * row['limit_ns'] / each['ns']:.0f}%" if row["limit_ns"] and name.startswith("native") else ""
        lines.append(f"| {row['work']} | {row['batch']} | {name} | {_time(each['ns'])} | {text} | {limit} |")
    return "\n".join(lines)


def _time(ns: float) -> str:
    return f"{ns:.1f} ns" if ns < 1000 else f"{ns / 1000:.2f} us"


def measure(name: str, work: Work, seconds: float) -> list[dict[str, Any]]:
    """Nanoseconds a row by batch and runtime."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = _bundle(work, Path(folder))
        peers = {"onnxruntime": _onnxruntime(work.model), **_openvino(work.model), **work.peers}
        session, library = bartik.prepare(bundle, "native"), _library(bundle)
        peers["native"] = lambda x: session.run({"x": x})["y"]
        wanted = peers["onnxruntime"](work.rows[:256])
        for peer, run in peers.items():
            np.testing.assert_allclose(run(work.rows[:256]).reshape(wanted.shape), wanted, rtol=2e-4, atol=2e-5, err_msg=f"{name}: {peer}")
        return [_row(name, work, batch, library, peers, seconds) for batch in work.batches]


def _row(name: str, work: Work, batch: int, library: ctypes.CDLL, peers: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    times = max(1, min(_TIMES, _LOOP_ROWS // batch, len(work.rows) // batch))
    inner, out = _in_c(library, work.rows, batch, times, peers["native"](work.rows[:1])[0].size)
    rows = np.ascontiguousarray(work.rows[:batch])
    calls: dict[str, Call] = {"native (C)": inner} | {peer: (lambda run=run: run(rows)) for peer, run in peers.items()}
    limit = build_limit()
    calls |= {"limit": limit.call(work.multiply_adds)} if work.multiply_adds else {}
    timings: dict[str, Timing] = interleave(calls, seconds=seconds)
    least = timings.pop("limit").divided(limit.repeats(work.multiply_adds)).median if work.multiply_adds else 0.0
    np.testing.assert_allclose(out[:batch].reshape(-1), peers["native"](rows).reshape(-1), rtol=1e-6)
    timings["native (C)"] = timings["native (C)"].divided(times)
    found: dict[str, Any] = {}
    for peer, timing in sorted(timings.items(), key=lambda item: item[1].median):
        found[peer] = {"ns": 1e9 * timing.median / batch}
        if peer != "native (C)":
            found[peer]["native (C) is faster"] = vars(ratio(timing, timings["native (C)"]))
    return {"work": name, "batch": batch, "limit_ns": 1e9 * least, "runtimes": found}


def _in_c(library: ctypes.CDLL, rows: Array, batch: int, times: int, results: int) -> tuple[Call, Array]:
    """A loop of C over calls of ``batch`` rows, and where their results are."""
    x = np.ascontiguousarray(rows[: batch * times])
    out = np.zeros((batch * times, results), np.float32)
    pointers = [(ctypes.c_void_p * 1)(array.ctypes.data) for array in (x, out)]
    sizes = [ctypes.c_size_t(value) for value in (batch, x[0].size, results, times)]
    function = library.bartik_each
    function.restype = None

    def run(_owners: tuple[Array, Array] = (x, out)) -> None:
        function(*pointers, *sizes)

    return run, out


def _library(bundle: Bundle) -> ctypes.CDLL:
    return ctypes.CDLL(
        str(build_shared(library_source(compiled(bundle)) + _LOOP.replace("{{", "{").replace("}}", "}"), name="speed_table"))
    )


def _bundle(work: Work, folder: Path) -> Bundle:
    first = work.rows[:8]
    wanted = _onnxruntime(work.model)(first)
    signature = Signature(
        (TensorSpec("x", "float32", ("batch", *first.shape[1:])),), (TensorSpec("y", "float32", ("batch", *wanted.shape[1:])),)
    )
    return write_bundle(folder / "bundle", work.model.SerializeToString(), signature, ({"x": first}, {"y": wanted}), name="speed")


def _onnxruntime(model: onnx.ModelProto) -> Callable[[Array], Array]:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return lambda x: session.run(["y"], {"x": x})[0]


def _openvino(model: onnx.ModelProto) -> dict[str, Callable[[Array], Array]]:
    """Nothing where it is not installed, or lacks an operator."""
    if openvino is None:
        return {}
    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    try:
        request = core.compile_model(core.read_model(model.SerializeToString()), "CPU", settings).create_infer_request()
    except RuntimeError as error:
        print(f"openvino: {str(error).strip().splitlines()[-1][:120]}", file=sys.stderr)
        return {}
    return {"openvino": lambda x: next(iter(request.infer(x, share_inputs=True, share_outputs=True).values()))}


def _model(nodes: list[onnx.NodeProto], tables: Mapping[str, Array], row: tuple[int, ...], result: tuple[int, ...]) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *row])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", *result])
    constants = [numpy_helper.from_array(np.ascontiguousarray(values), name) for name, values in tables.items()]
    graph = helper.make_graph(nodes, "work", [x], [y], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _mlp(activation: str) -> Work:
    """17-25-20-1, the ghost network's size."""
    sizes, nodes, tables, last = (17, 25, 20, 1), [], {}, "x"
    for k, (n, m) in enumerate(pairwise(sizes)):
        tables |= {f"w{k}": (RNG.normal(size=(n, m)) / np.sqrt(n)).astype(np.float32), f"b{k}": RNG.normal(size=m).astype(np.float32)}
        nodes += [helper.make_node("Gemm", [last, f"w{k}", f"b{k}"], ["y" if k == 2 else f"h{k}"])]
        if k < 2:
            nodes += [helper.make_node(activation, [f"h{k}"], [f"a{k}"])]
            last = f"a{k}"
    rows = RNG.normal(size=(1 << 16, 17)).astype(np.float32)
    return Work(_model(nodes, tables, (17,), (1,)), rows, (1, 256, 4096), 945, {})


def _forest() -> Work:
    """LightGBM, 200 trees of depth 6 on 20 columns, for lleaves, which compiles LightGBM's files alone: as many tests as in ``trees``."""
    if lleaves is None:
        raise SystemExit("forest: lightgbm and lleaves are not installed: pip install 'bartik[lightgbm]' lleaves 'llvmlite<0.45'")
    x = RNG.normal(size=(20_000, 20)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + x[:, 3:].sum(1) / 5 + RNG.normal(size=len(x))
    settings = {"max_depth": 6, "num_leaves": 64, "learning_rate": 0.1, "num_threads": 1, "verbosity": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(x, y), num_boost_round=200)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "forest.txt"
        booster.save_model(text)
        signature = Signature((TensorSpec("x", "float32", ("batch", 20)),), (TensorSpec("y", "float32", ("batch", 1)),))
        model = bartik.export(booster, signature, {"x": x[:256]}, Path(folder) / "bundle").model()
        compiled_by_lleaves = lleaves.Model(model_file=str(text))
        compiled_by_lleaves.compile()
    return Work(
        model,
        x,
        (1, 256, 4096),
        0,
        {
            "lleaves": lambda rows: compiled_by_lleaves.predict(rows, n_jobs=1).astype(np.float32)[:, None],
            "lightgbm": lambda rows: booster.predict(rows, num_threads=1).astype(np.float32)[:, None],
        },
    )


def _trees() -> Work:
    """XGBoost, 200 trees of depth 6 on 20 columns."""
    if xgboost is None:
        raise SystemExit("trees: xgboost and onnxmltools are not installed: pip install 'bartik[xgboost,lightgbm]'")
    x = RNG.normal(size=(20_000, 20)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + x[:, 3:].sum(1) / 5 + RNG.normal(size=len(x))
    trained = xgboost.XGBRegressor(n_estimators=200, max_depth=6, learning_rate=0.1, n_jobs=1).fit(x, y)
    booster = trained.get_booster()
    booster.set_param({"nthread": 1})
    model = convert_xgboost(trained, initial_types=[("x", FloatTensorType([None, 20]))])
    model.graph.node[-1].output[0] = model.graph.output[0].name = "y"
    return Work(model, x, (1, 256, 4096), 0, {"xgboost": lambda rows: booster.inplace_predict(rows)[:, None]})


def _pv_finder() -> Work:
    """The five-layer network from KDE to histogram: kernels 25, 15, 15, 15, 5; channels 20, 10, 10, 10, 1; 4000 bins, four channels in."""
    channels, taps = (4, 20, 10, 10, 10, 1), (25, 15, 15, 15, 5)
    nodes, tables, last, count = [], {}, "x", 0
    for k, (n, m, t) in enumerate(zip(channels[:-1], channels[1:], taps, strict=True)):
        tables |= {
            f"w{k}": (RNG.normal(size=(m, n, t)) / np.sqrt(n * t)).astype(np.float32),
            f"b{k}": RNG.normal(size=m).astype(np.float32),
        }
        nodes += [helper.make_node("Conv", [last, f"w{k}", f"b{k}"], [f"c{k}"], pads=[t // 2, t // 2])]
        nodes += [helper.make_node("LeakyRelu", [f"c{k}"], [f"a{k}"], alpha=0.01) if k < 4 else helper.make_node("Softplus", ["c4"], ["y"])]
        last, count = f"a{k}", count + 4000 * n * m * t
    rows = np.abs(RNG.normal(size=(16, 4, 4000))).astype(np.float32)
    return Work(_model(nodes, tables, (4, 4000), (1, 4000)), rows, (1,), count, {})


def _gru() -> Work:
    """Hidden size 32, 20 steps of 8 values; the last state is the result."""
    hidden, steps, inputs = 32, 20, 8
    shapes = {"w": (1, 3 * hidden, inputs), "r": (1, 3 * hidden, hidden), "b": (1, 6 * hidden)}
    tables = {name: (RNG.normal(size=shape) / 6).astype(np.float32) for name, shape in shapes.items()} | {"zero": np.array([0])}
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["t", "w", "r", "b"], ["", "h"], hidden_size=hidden, linear_before_reset=1),
        helper.make_node("Squeeze", ["h", "zero"], ["y"]),
    ]
    rows = RNG.normal(size=(1024, steps, inputs)).astype(np.float32)
    return Work(_model(nodes, tables, (steps, inputs), (hidden,)), rows, (1, 256), steps * 3 * hidden * (inputs + hidden), {})


WORKS: Mapping[str, Callable[[], Work]] = {
    "mlp": lambda: _mlp("Relu"),
    "mlp_tanh": lambda: _mlp("Tanh"),
    "trees": _trees,
    "forest": _forest,
    "pv_finder": _pv_finder,
    "gru": _gru,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
