"""Decision trees: our kernels against the libraries that trained them, ONNX Runtime and lleaves.

    python benchmarks/trees.py [--trees 200] [--lleaves PYTHON] [--json FILE]

Trains boosted trees of depth 6 with XGBoost and of 31 leaves with LightGBM on 20 columns, converts them to ONNX, and times them for
batches of 1, 256 and 4096 rows, on one thread, all in turn in this process. ``kernel`` is the compiled kernel alone, rows in and scores
out, in a loop of C; ``native`` is the whole compiler, called from Python as the others are, where it takes the model. lleaves needs an old
llvmlite: name a Python that has it with --lleaves; it is timed in a process of its own, between two rounds of the others.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnxmltools
import onnxruntime
import xgboost
from onnx import AttributeProto, ModelProto, helper
from onnxmltools.convert.common.data_types import FloatTensorType
from threadpoolctl import threadpool_limits

import bartik
from bartik.compiler.build import build_shared
from bartik.compiler.trees.alone import source
from bartik.compiler.trees.kernels import TreeKernel, tree_kernel
from bartik.compiler.trees.read import read_ensemble
from bartik.core import Array, BartikError, Column, table
from bartik.core.bundle import write_bundle
from bartik.core.files import write_json
from bartik.core.provenance import revision
from bartik.profile.clock import interleave, ratio
from bartik.profile.machine import machine

COLUMNS, ROWS, BATCHES = 20, 20_000, (1, 256, 4096)
_LLEAVES = """
import sys, time, numpy as np, lleaves
model = lleaves.Model(model_file=sys.argv[1])
started = time.perf_counter(); model.compile(); compiled = time.perf_counter() - started
x = np.load(sys.argv[2])
for rows in map(int, sys.argv[3:]):
    part, found = x[:rows], []
    for _ in range(60):
        count = max(1, 2000 // rows)
        started = time.perf_counter()
        for _ in range(count): model.predict(part, n_jobs=1)
        found.append((time.perf_counter() - started) / count)
    print(rows, np.median(found))
print("compile", compiled)
"""


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    found = measure(options.trees, options.seconds, options.lleaves)
    print(show(found))
    if options.json:
        write_json(options.json, found)
    return 0


def measure(trees: int = 200, seconds: float = 6.0, lleaves: str = "") -> dict[str, Any]:
    """Microseconds a row by model, batch and runtime, how long compiling takes, and what they were measured on."""
    x = np.random.default_rng(1).normal(size=(ROWS, COLUMNS)).astype(np.float32)
    y = (np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + x[:, 3:].sum(1) / 5 + np.random.default_rng(2).normal(size=ROWS)).astype(np.float32)
    with threadpool_limits(1):
        models = {"xgboost": _xgboost(x, y, trees), "lightgbm": _lightgbm(x, y, trees, lleaves)}
        found = {name: _measure(model, x, seconds) for name, model in models.items()}
    return {"trees": trees, "columns": COLUMNS, "models": found, "commit": revision(Path(__file__).parent), "machine": machine()}


def show(found: Mapping[str, Any]) -> str:
    """What `measure` found, as Markdown."""
    lines = ["| model | batch | runtime | us/row | kernel is faster |", "|---|---|---|---|---|"]
    for name, model in found["models"].items():
        for batch, times in model["us"].items():
            ours = times["kernel"]
            lines += [f"| {name} | {batch} | {runtime} | {us:.2f} | {us / ours:.1f} |" for runtime, us in times.items()]
    notes = [
        f"{name}: {model['what']}; tables in {model['tables_s']:.2f} s, compiled in {model['compile_s']:.2f} s{model['native']}"
        for name, model in found["models"].items()
    ]
    return "\n".join([*lines, "", *notes])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trees", type=int, default=200, help="trees of each model")
    parser.add_argument("--seconds", type=float, default=6.0, help="time for each batch of each model")
    parser.add_argument("--lleaves", default="", help="a Python that has lleaves")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    return parser


def _xgboost(x: Array, y: Array, trees: int) -> dict[str, Any]:
    model = xgboost.XGBRegressor(n_estimators=trees, max_depth=6, learning_rate=0.1, n_jobs=1).fit(x, y)
    booster = model.get_booster()
    booster.set_param({"nthread": 1})
    onnx = onnxmltools.convert_xgboost(model, initial_types=[("features", FloatTensorType([None, COLUMNS]))])
    return {"onnx": onnx, "calls": {"xgboost": booster.inplace_predict}}


def _lightgbm(x: Array, y: Array, trees: int, lleaves: str) -> dict[str, Any]:
    model = lightgbm.LGBMRegressor(n_estimators=trees, num_leaves=31, learning_rate=0.1, n_jobs=1, verbose=-1).fit(x, y)
    booster = model.booster_
    onnx = onnxmltools.convert_lightgbm(model, initial_types=[("features", FloatTensorType([None, COLUMNS]))])
    text = booster.model_to_string() if lleaves else ""
    return {"onnx": onnx, "calls": {"lightgbm": lambda rows: booster.predict(rows, num_threads=1)}, "lleaves": (lleaves, text)}


def _measure(model: Mapping[str, Any], x: Array, seconds: float) -> dict[str, Any]:
    kernel, tables_s, compile_s, call = _kernel(model["onnx"])
    native, why = _native(model["onnx"], x)
    session = _onnxruntime(model["onnx"])
    name = session.get_inputs()[0].name
    peers = {**model["calls"], "onnxruntime": lambda rows: session.run(None, {name: rows})}
    np.testing.assert_allclose(call(x[:4096])(), peers["onnxruntime"](x[:4096])[0], rtol=1e-4, atol=1e-5)
    microseconds, speedups = {}, {}
    for batch in BATCHES:
        rows = np.ascontiguousarray(x[:batch])
        calls: dict[str, Callable[[], object]] = {"kernel": call(rows)} | ({"native": native(rows)} if native else {})
        calls |= {peer: (lambda run=run, rows=rows: run(rows)) for peer, run in peers.items()}
        timings = interleave(calls, seconds=seconds)
        repeats = _REPEATS if batch == 1 else 1
        timings["kernel"] = timings["kernel"].divided(repeats)
        microseconds[str(batch)] = {runtime: 1e6 * timing.median / batch for runtime, timing in timings.items()}
        speedups[str(batch)] = {peer: vars(ratio(timings[peer], timings["kernel"])) for peer in peers}
    for batch, us in _lleaves(*model.get("lleaves", ("", "")), x).items():
        microseconds[batch]["lleaves"] = us
    found = {"what": str(kernel), "tables_s": tables_s, "compile_s": compile_s, "us": microseconds, "kernel is faster": speedups}
    return found | {"native": f"; native: {why}" if why else ""}


_REPEATS = 64
"""Calls of a single row in a loop of C: one alone costs less than the way from Python."""


def _kernel(onnx: ModelProto) -> tuple[TreeKernel, float, float, Callable[[Array], Callable[[], Array]]]:
    """The kernel, seconds for its tables and for compiling it, and calls for given rows."""
    started = time.perf_counter()
    node = next(node for node in onnx.graph.node if node.op_type == "TreeEnsembleRegressor")
    forest = read_ensemble({a.name: _attribute(a) for a in node.attribute}, "target", COLUMNS, 1)
    kernel = tree_kernel(forest)
    text, between = source({"trees": kernel}), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:  # not from the cache: compiling is measured
        library = ctypes.CDLL(str(build_shared(f"{text}// {folder}\n", name="trees_alone")))
    done = time.perf_counter()
    base = next((list(a.floats) for a in node.attribute if a.name == "base_values"), [])
    return kernel, between - started, done - between, lambda rows: _call(library, rows, np.float32(sum(base)))


def _call(library: ctypes.CDLL, rows: Array, base: Any) -> Callable[[], Array]:
    count = len(rows)
    padded = np.concatenate([rows, rows[:1].repeat(max(1, _REPEATS - count), 0)])
    out = np.zeros((len(padded), 1), np.float32)
    function = library.trees_many if count > 1 and count % 16 == 0 else library.trees_one
    arguments = ctypes.c_void_p(padded.ctypes.data), ctypes.c_void_p(out.ctypes.data), ctypes.c_long(count if count > 1 else _REPEATS)

    def run(_owner: Array = padded) -> Array:
        function(*arguments)
        return out[:count] + base if count > 1 else out

    return run


def _attribute(attribute: AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    return [v.decode() if isinstance(v, bytes) else v for v in value] if isinstance(value, list) else value


def _onnxruntime(onnx: ModelProto) -> onnxruntime.InferenceSession:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(onnx.SerializeToString(), settings, providers=["CPUExecutionProvider"])


def _native(onnx: ModelProto, x: Array) -> tuple[Callable[[Array], Callable[[], object]] | None, str]:
    """Calls of the compiler's own backend for given rows, or why there are none."""
    signature = table(tuple(Column(f"x{k}") for k in range(COLUMNS)), output=onnx.graph.output[0].name)
    wanted = _onnxruntime(onnx).run(None, {"features": x[:32]})[0]
    with tempfile.TemporaryDirectory() as folder:
        reference = {"features": x[:32]}, {signature.outputs[0].name: wanted}
        try:
            bundle = write_bundle(Path(folder) / "b", onnx.SerializeToString(), signature, reference, name="trees")
            session = bartik.prepare(bundle, "native")
        except BartikError as error:
            return None, error.message
    return (lambda rows: lambda: session.run({"features": rows})), ""


def _lleaves(python: str, model: str, x: Array) -> dict[str, float]:
    """Microseconds a row by batch."""
    if not python:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.txt").write_text(model)
        np.save(Path(folder) / "x.npy", x)
        command = [python, "-c", _LLEAVES, f"{folder}/model.txt", f"{folder}/x.npy", *map(str, BATCHES)]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    pairs = [line.split() for line in lines if line]
    return {batch: 1e6 * float(seconds) / int(batch) for batch, seconds in pairs if batch != "compile"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
