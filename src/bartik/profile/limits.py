"""What one thread of this machine can do at most, measured once and kept: multiply-adds, memory, functions, a call from Python."""

from __future__ import annotations

import ctypes
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from bartik.backends import prepare
from bartik.compiler.build import build_shared, machine
from bartik.core import Signature, TensorSpec
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


@dataclass(frozen=True)
class Limits:
    """Of one thread, a second.

    ``multiply_adds``; ``series`` (exp, tanh and their kin as our compiler computes them); ``bandwidth``, bytes read and written, by size in
    bytes of what is touched; and ``call``, seconds of a call of `native` that does nothing.
    """

    multiply_adds: float
    series: float
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
    kept = cache() / "limits" / f"{machine()[:24]}.json"
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
        tanh, idle = _one_operator(Path(folder) / "tanh", "Tanh"), nothing(Path(folder) / "nothing")
        calls = {name: call for name, (call, _) in memory.items()}
        calls |= {"multiply-adds": limit.call(_MULTIPLY_ADDS), "tanh": _session_call(tanh, _BATCH), "call": _session_call(idle, 1)}
        timings = interleave(calls, seconds=seconds)
    return Limits(
        multiply_adds=_MULTIPLY_ADDS / timings["multiply-adds"].best,
        series=_BATCH * _WIDTH / (timings["tanh"].best - timings["call"].best),
        bandwidth={size << 10: _rate(memory[str(size)][1], timings[str(size)]) for size in _KIB},
        call=timings["call"].best,
    )


def nothing(path: Path) -> Bundle:
    """A bundle that gives back what it gets: a call of it is the way into a runtime and back."""
    return _one_operator(path, "Identity")


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


def _one_operator(path: Path, kind: str) -> Bundle:
    """A bundle of one operator on float32 [batch, 64]; its reference is what numpy says."""
    signature = Signature((TensorSpec("x", "float32", ("batch", _WIDTH)),), (TensorSpec("y", "float32", ("batch", _WIDTH)),))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", _WIDTH]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node(kind, ["x"], ["y"])], kind, ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    rows = np.random.default_rng(0).normal(size=(_BATCH, _WIDTH)).astype(np.float32)
    answer = np.tanh(rows) if kind == "Tanh" else rows
    return write_bundle(path, model.SerializeToString(), signature, ({"x": rows}, {"y": answer}), name=kind.lower())


def _session_call(bundle: Bundle, rows: int) -> Callable[[], object]:
    return partial(prepare(bundle, "native").run, {"x": bundle.reference()[0]["x"][:rows]})
