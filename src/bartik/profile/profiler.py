"""A bundle layer by layer: time, work, share of this machine's limits, and what bounds it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bartik.backends import default_backend, prepare
from bartik.core import Arrays, Session, UnavailableError, UsageError
from bartik.core.bundle import Bundle
from bartik.core.plugins import load_backend
from bartik.core.ragged import is_ragged
from bartik.profile.clock import block_size, interleave
from bartik.profile.counters import count
from bartik.profile.layers import MOST, Layer, cut
from bartik.profile.limits import Limits, limits, nothing
from bartik.profile.machine import machine
from bartik.profile.nodes import Work
from bartik.profile.verdict import Verdict, judge

WHOLE = "whole"
_NOTHING = "a call that does nothing"
BATCH = 256


@dataclass(frozen=True)
class Part:
    """A layer, or the whole.

    ``seconds`` of a call of a batch on a quiet machine (the fastest of many short rounds), ``work`` of a candidate, ``counters`` of a
    call where there are any.
    """

    name: str
    seconds: float
    work: Work
    verdict: Verdict
    counters: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Part:
        """Inverse of ``dataclasses.asdict``."""
        return cls(**{**values, "work": Work(**values["work"]), "verdict": Verdict(**values["verdict"])})


@dataclass(frozen=True)
class Profile:
    """What a profile found, of which bundle, on which backend, at which batch size, on which machine with which limits.

    Layers are measured alone: the ``whole`` may take less than they do together, since it keeps numbers in registers and
    caches between them, and has one call.
    """

    bundle: str
    digest: str
    backend: str
    batch: int
    layers: tuple[Part, ...]
    whole: Part
    call: float
    limits: Limits
    machine: Mapping[str, Any]
    no_counters: str = ""

    @property
    def together(self) -> float:
        """Seconds of all layers, each without its call."""
        return sum(max(0.0, part.seconds - self.call) for part in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the machine file."""
        return asdict(self) | {"limits": self.limits.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Profile:
        """Inverse of `to_dict`."""
        parts = tuple(Part.from_dict(part) for part in values["layers"])
        others = {"layers": parts, "whole": Part.from_dict(values["whole"]), "limits": Limits.from_dict(values["limits"])}
        return cls(**{**{name: values[name] for name in cls.__dataclass_fields__}, **others})


def profile(
    bundle: Bundle, backend: str = "", batch: int = BATCH, *, layers: int = MOST, seconds: float = 3.0, again: bool = False
) -> Profile:
    """Measure ``bundle`` and its ``layers``, at most so many, in turn on one thread of ``backend`` for about ``seconds``.

    Without a ``backend`` it is `native`, and ONNX Runtime where a row is an event. That is measured as one event of the reference, whatever
    the ``batch``. ``again`` measures the
    machine's limits anew. Raises what the backend raises for an operator it lacks.
    """
    if batch < 1:
        raise UsageError(f"batch: wanted 1 or more, got {batch}")
    events = is_ragged(bundle.signature)
    batch = 1 if events else batch
    backend = backend or default_backend(bundle)
    found = limits(again=again)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1, user_api="blas"):
        cuts = cut(bundle, Path(folder), layers)
        calls = {layer.name: _call(layer.bundle, backend, batch) for layer in cuts}
        calls |= {WHOLE: _call(bundle, backend, batch), _NOTHING: _call(nothing(Path(folder) / "nothing"), backend, 1)}
        timings = interleave(calls, seconds=seconds)
        counted, reason = _counted(calls)
    call = timings[_NOTHING].best
    every = [*cuts, Layer(WHOLE, bundle, _sum(bundle, cuts))]
    parts = [_part(layer, batch, timings[layer.name].best, found, call, counted.get(layer.name, {})) for layer in every]
    return Profile(bundle.name, bundle.digest, backend, batch, tuple(parts[:-1]), parts[-1], call, found, machine(), reason)


def _part(layer: Layer, batch: int, seconds: float, found: Limits, call: float, counters: Mapping[str, float]) -> Part:
    return Part(layer.name, seconds, layer.work, judge(layer.work, batch, seconds, found, call), counters)


def _sum(bundle: Bundle, layers: list[Layer]) -> Work:
    """Work of the whole: that of the layers, but only what comes in and goes out of the model is moved."""
    work = sum((layer.work for layer in layers), Work())
    inputs, outputs = bundle.reference()
    rows = 1 if is_ragged(bundle.signature) else max(1, len(next(iter(inputs.values()))))
    moved = sum(array.nbytes for array in (*inputs.values(), *outputs.values())) // rows
    return Work(work.multiply_adds, work.series, work.comparisons, work.steps, moved, work.weights)


def _call(bundle: Bundle, backend: str, batch: int) -> Callable[[], object]:
    session = _prepared(bundle, backend)
    inputs, _ = bundle.reference()
    free = any(isinstance(axis, str) for spec in bundle.signature.inputs for axis in spec.shape)
    rows = inputs if is_ragged(bundle.signature) or not free else _repeated(inputs, batch)
    return partial(session.run, rows)


def _prepared(bundle: Bundle, backend: str) -> Session:
    """On one thread; where a row is an event, `native` is told the sizes of the one in the reference."""
    options: dict[str, Any] = {"threads": 1} if "threads" in getattr(load_backend(backend), "OPTIONS", {}) else {}
    if backend == "native" and is_ragged(bundle.signature):
        inputs, _ = bundle.reference()
        sizes = {
            axis: size
            for spec in bundle.signature.inputs
            for axis, size in zip(spec.shape, inputs[spec.name].shape, strict=True)
            if isinstance(axis, str)
        }
        options["axes"] = ",".join(f"{axis}={size}" for axis, size in sizes.items())
    return prepare(bundle, backend, **options)


def _repeated(inputs: Arrays, batch: int) -> Arrays:
    return {name: array[np.arange(batch) % len(array)] for name, array in inputs.items()}


def _counted(calls: Mapping[str, Callable[[], object]]) -> tuple[dict[str, dict[str, float]], str]:
    """Counters of one call of each by name, or the reason why there are none."""
    try:
        return {name: count(call, block_size(call)) for name, call in calls.items()}, ""
    except UnavailableError as error:
        return {}, error.message
