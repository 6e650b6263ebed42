"""What a benchmark found, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bartik.core import Interval

PEER = "onnxruntime"
"""The backend all others are compared with."""


@dataclass(frozen=True)
class Row:
    """One backend at one batch size; times in seconds.

    ``latency_p50`` and ``latency_p99`` are of single calls of ``run`` from Python, all it does included; nothing for the
    row ``limit``, which is not called. ``seconds_per_candidate`` is the median over rounds of calls in a row.
    ``speedup`` is against `PEER` in the same rounds; nothing where that did not run. ``share`` is of the GPU's event time.
    """

    backend: str
    batch: int
    latency_p50: float | None
    latency_p99: float | None
    seconds_per_candidate: float
    speedup: Interval | None
    share: float

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
        speedup = values["speedup"]
        known = {name: values[name] for name in cls.__dataclass_fields__}
        return cls(**known | {"speedup": None if speedup is None else Interval(**speedup)})


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

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; the date is the caller's to add."""
        return {**vars(self), "rows": [row.to_dict() for row in self.rows], "skipped": dict(self.skipped), "machine": dict(self.machine)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Benchmark:
        """Inverse of `to_dict`; keys it does not know, as a date, are left out."""
        rows = tuple(Row.from_dict(row) for row in values["rows"])
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name != "rows"}, rows=rows)
