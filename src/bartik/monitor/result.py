"""What a monitor found, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bartik.core import Array, Interval
from bartik.monitor.drift import Drift, Thresholds


@dataclass(frozen=True)
class Slice:
    """Some of the stream: ``drifts`` of the columns and, last, of the score; ``rates`` of what passes each working point.

    Where truth is known: ``auc``, and ``bias``, the mean score less the share of signal. ``alarms`` in words.
    """

    name: str
    rows: int
    drifts: tuple[Drift, ...]
    rates: Mapping[str, Interval]
    auc: Interval | None = None
    bias: Interval | None = None
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Monitored:
    """What a monitor found: the ``whole`` stream, and its slices in the order they came."""

    bundle: str
    digest: str
    reference_rows: int
    reference_rates: Mapping[str, float]
    thresholds: Thresholds
    whole: Slice
    slices: tuple[Slice, ...]
    calibration: tuple[tuple[float, float, int], ...] = ()
    """Mean score, share of signal, rows, in bins of the score; empty without truth."""
    moved: Mapping[str, tuple[Array, Array, Array]] = field(default_factory=dict)
    """Of the columns that moved most: edges, counts of the reference, counts of the whole stream."""

    @property
    def alarms(self) -> list[str]:
        """All of them, each with its slice."""
        return [*self.whole.alarms, *(f"{one.name}: {alarm}" for one in self.slices for alarm in one.alarms)]

    @property
    def told(self) -> list[str]:
        """Those of the whole stream, and a line for each slice that has any: its first, and how many more."""
        slices = [f"in {one.name}: {one.alarms[0]}{_more(len(one.alarms))}" for one in self.slices if one.alarms]
        return [*self.whole.alarms, *slices]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        moved = {name: [part.tolist() for part in parts] for name, parts in self.moved.items()}
        return {**asdict(replace(self, moved={})), "moved": moved, "alarms": self.alarms}


def _more(alarms: int) -> str:
    return f", and {alarms - 1} more" if alarms > 1 else ""
