"""What one thread of this machine can do at most, measured once and kept: multiply-adds, memory, functions, a call from Python."""

from __future__ import annotations

import ctypes
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.backends import prepare
from bartik.compiler.build import build_shared, machine
from bartik.core import Array, Signature, TensorSpec
from bartik.core.bundle import Bundle, write_bundle
from bartik.core.files import read_json, write_json
from bartik.core.places import cache
from bartik.profile.clock import Timing, interleave
from bartik.profile.limit import build_limit

_SOURCE = Path(__file__).with_name("memory.cpp")
_KIB = (16, 128, 1024, 8192, 65536)
"""Sizes of what is read and written, from the first cache to memory."""
_TOUCHED = 64 << 20
"""Bytes of one call, at least."""
_WIDTH, _BATCH = 64, 256
_MULTIPLY_ADDS = 20_000_000
_TREES, _DEPTH, _FEATURES, _LAYERS = 100, 6, 20, 3
_FORMAT = 3
"""Of the file that is kept."""


@dataclass(frozen=True)
class Limits:
    """Of one thread, a second.

    ``multiply_adds``; ``bandwidth``, bytes read and written, by size in bytes of what is touched: the hardware's. What our compiler
    reaches: ``series`` (exp, tanh and their kin), ``dense`` (multiply-adds in three layers of 64), ``comparisons`` (in 100 trees of depth
    6 on 20 features), and ``call``, seconds of a call of `native` that does nothing.
    """

    multiply_adds: float
    series: float
    dense: float
    comparisons: float
    bandwidth: Mapping[int, float]
    call: float

    def bandwidth_of(self, touched: float) -> float:
        """Bytes a second where ``touched`` bytes are read and written over again."""
        sizes = sorted(self.bandwidth)
        rates = [math.log(self.bandwidth[size]) for size in sizes]
        return math.exp(float(np.interp(math.log(max(1.0, touched)), [math.log(size) for size in sizes], rates)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"bandwidth": {str(size): rate for size, rate in self.bandwidth.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Limits:
        """Inverse of `to_dict`."""
        return cls(**{**values, "bandwidth": {int(size): rate for size, rate in values["bandwidth"].items()}})


def limits(*, again: bool = False, seconds: float = 2.0) -> Limits:
    """Of this machine, from the cache where they were measured before, unless ``again``; `UnavailableError` without a compiler."""
    kept = cache() / "limits" / f"{machine()[:24]}-{_FORMAT}.json"
    if kept.is_file() and not again:
        return Limits.from_dict(read_json(kept))
    found = measured(seconds)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_json(kept, found.to_dict())
    return found


def measured(seconds: float) -> Limits:
    """The best of many short rounds of each: what a quiet machine gives."""
    limit = build_limit()
    memory = {str(size): _memory_call(size << 10) for size in _KIB}
    with tempfile.TemporaryDirectory() as folder:
        made = {kind: _made(Path(folder) / kind, kind) for kind in ("Tanh", "Gemm", "TreeEnsembleRegressor")}
        idle = nothing(Path(folder) / "nothing")
        calls = {name: call for name, (call, _) in memory.items()}
        calls |= {"multiply-adds": limit.call(_MULTIPLY_ADDS), "call": _session_call(idle, 1)}
        calls |= {kind: _session_call(bundle, _BATCH) for kind, bundle in made.items()}
        timings = interleave(calls, seconds=seconds)
    call = timings["call"].best
    work = {"Tanh": _WIDTH, "Gemm": _LAYERS * _WIDTH * _WIDTH, "TreeEnsembleRegressor": _TREES * _DEPTH}
    rates = {kind: _BATCH * each / (timings[kind].best - call) for kind, each in work.items()}
    return Limits(
        multiply_adds=_MULTIPLY_ADDS / timings["multiply-adds"].best,
        series=rates["Tanh"],
        dense=rates["Gemm"],
        comparisons=rates["TreeEnsembleRegressor"],
        bandwidth={size << 10: _rate(memory[str(size)][1], timings[str(size)]) for size in _KIB},
        call=call,
    )


def nothing(path: Path) -> Bundle:
    """A bundle that gives back what it gets: a call of it is the way into a runtime and back."""
    return _made(path, "Identity")


def _rate(touched: int, timing: Timing) -> float:
    return touched / timing.best


def _memory_call(size: int) -> tuple[Callable[[], object], int]:
    """A call that reads and writes ``size`` bytes together, again and again; and how many bytes it touches in all."""
    library = ctypes.CDLL(str(build_shared(_SOURCE.read_text(encoding="utf-8"), name="memory")))
    library.bartik_memory_run.argtypes, library.bartik_memory_run.restype = [ctypes.c_void_p] * 2 + [ctypes.c_long] * 2, None
    count = size // 8
    source, target = np.ones(count, np.float32), np.zeros(count, np.float32)
    repeats = max(1, _TOUCHED // size // 16)

    def call(held: tuple[object, ...] = (source, target)) -> object:
        return library.bartik_memory_run(source.ctypes.data, target.ctypes.data, count, repeats) and held

    return call, 8 * count * repeats


def _made(path: Path, kind: str) -> Bundle:
    """A bundle of one kind of operator on float32 [batch, 64]; its reference is what ONNX's evaluator says."""
    nodes, weights, width = _operators(kind)
    signature = Signature((TensorSpec("x", "float32", ("batch", _WIDTH)),), (TensorSpec("y", "float32", ("batch", width)),))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size]) for name, size in (("x", _WIDTH), ("y", width))]
    graph = helper.make_graph(nodes, kind, ends[:1], ends[1:], weights)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    rows = np.random.default_rng(0).normal(size=(_BATCH, _WIDTH)).astype(np.float32)
    answer = cast(list[Array], ReferenceEvaluator(model).run(None, {"x": rows}))[0]
    return write_bundle(path, model.SerializeToString(), signature, ({"x": rows}, {"y": answer}), name=kind.lower())


def _operators(kind: str) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto], int]:
    """Nodes, their weights, and how many values of a row they give."""
    if kind == "TreeEnsembleRegressor":
        return [helper.make_node(kind, ["x"], ["y"], domain="ai.onnx.ml", **_forest())], [], 1
    if kind == "Gemm":
        weight = np.random.default_rng(1).normal(size=(_WIDTH, _WIDTH)).astype(np.float32) / _WIDTH
        names = ["x", *(f"hidden_{layer}" for layer in range(1, _LAYERS)), "y"]
        return [helper.make_node(kind, [a, "w"], [b]) for a, b in pairwise(names)], [numpy_helper.from_array(weight, "w")], _WIDTH
    return [helper.make_node(kind, ["x"], ["y"])], [], _WIDTH


def _forest() -> dict[str, Any]:
    """Attributes of whole trees with normal cuts, all of one depth."""
    random, nodes = np.random.default_rng(2), 2 ** (_DEPTH + 1) - 1
    ids = np.tile(np.arange(nodes), _TREES)
    trees, leaf = np.repeat(np.arange(_TREES), nodes), ids >= nodes // 2
    return {
        "nodes_treeids": trees,
        "nodes_nodeids": ids,
        "nodes_featureids": random.integers(0, _FEATURES, len(ids)) * ~leaf,
        "nodes_values": (random.normal(size=len(ids)) * ~leaf).astype(np.float32),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids": np.where(leaf, 0, 2 * ids + 1),
        "nodes_falsenodeids": np.where(leaf, 0, 2 * ids + 2),
        "target_treeids": trees[leaf],
        "target_nodeids": ids[leaf],
        "target_ids": np.zeros(int(leaf.sum()), np.int64),
        "target_weights": random.normal(size=int(leaf.sum())).astype(np.float32),
        "n_targets": 1,
    }


def _session_call(bundle: Bundle, rows: int) -> Callable[[], object]:
    return partial(prepare(bundle, "native").run, {"x": bundle.reference()[0]["x"][:rows]})
