"""What a benchmark found, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bartik.core import Interval

PEER = "onnxruntime"
"""The backend all others are compared with."""


@dataclass(frozen=True)
class Row:
    """One backend at one batch size; times in seconds.

    ``latency_p50`` and ``latency_p99`` are of single calls of ``run`` from Python, all it does included; nothing for the
    row ``limit``, which is not called. ``seconds_per_candidate`` is the median over rounds of calls in a row.
    ``speedup`` is against `PEER` in the same rounds; nothing where that did not run. ``share`` is of the GPU's event time.
    ``of_limit`` is the limit's time over this one, in the same rounds: 1 is as fast as multiply-adds alone.
    """

    backend: str
    batch: int
    latency_p50: float | None
    latency_p99: float | None
    seconds_per_candidate: float
    speedup: Interval | None
    share: float
    of_limit: Interval | None = None

    @property
    def throughput(self) -> float:
        """Candidates per second."""
        return 1 / self.seconds_per_candidate

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"throughput": self.throughput}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Row:
        """Inverse of `to_dict`."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        return cls(**known | {name: _interval(known.get(name)) for name in ("speedup", "of_limit")})


Kind = Literal["threads", "copies"]
"""Threads within one call; or copies of the model, each with a thread that calls it."""


@dataclass(frozen=True)
class Scaling:
    """What ``number`` threads or copies of one backend do together at one batch size.

    ``seconds_per_candidate`` is time on the clock by all candidates of all copies. ``gain`` is the throughput against that of
    one, in the same rounds. ``cores`` is processor seconds of this process for each second meanwhile. The interval of ``gain`` knows
    nothing of a neighbour who takes a core from one and not from two: where one of them used less than a core, and works on
    this processor, its gain is the machine's doing.
    """

    backend: str
    batch: int
    kind: Kind
    number: int
    seconds_per_candidate: float
    gain: Interval
    cores: float

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Scaling:
        """Inverse of ``dataclasses.asdict``."""
        return cls(**{**values, "gain": Interval(**values["gain"])})


@dataclass(frozen=True)
class Benchmark:
    """What was measured, of which bundle, on which machine, and which backends did not take part and why."""

    bundle: str
    digest: str
    candidates: float
    multiply_adds: int
    rows: tuple[Row, ...]
    skipped: Mapping[str, str]
    machine: Mapping[str, Any]
    scaling: tuple[Scaling, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the date is the caller's to add."""
        rows, scaling = [row.to_dict() for row in self.rows], [asdict(one) for one in self.scaling]
        return {**vars(self), "rows": rows, "scaling": scaling, "skipped": dict(self.skipped), "machine": dict(self.machine)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Benchmark:
        """Inverse of `to_dict`; keys it does not know, as a date, are left out."""
        rows = tuple(Row.from_dict(row) for row in values["rows"])
        scaling = tuple(Scaling.from_dict(one) for one in values.get("scaling", ()))
        plain = {name: values[name] for name in cls.__dataclass_fields__ if name not in {"rows", "scaling"}}
        return cls(**plain, rows=rows, scaling=scaling)


def _interval(values: Mapping[str, float] | None) -> Interval | None:
    return None if values is None else Interval(**values)
