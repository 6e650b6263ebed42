"""A column in a few dozen numbers: how many values fell into bins that hold equally many, and what was outside or missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bartik.core import Array, DataError, UsageError

BINS = 20
"""Of a feature: each holds 5% of the reference, so that a shift anywhere moves many counts (as is usual for the PSI)."""
SCORE_BINS = 50
"""Of a score, for which areas and working points are computed from bins too."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """Counts of one column of the reference.

    ``edges`` [bins + 1] from the smallest value to just above the largest; ``counts`` [bins + 2], the first and last of what lies outside,
    which the reference has not; ``missing`` counts NaN, infinities and rows without a value.
    """

    name: str
    edges: Array
    counts: Array
    missing: int = 0
    unit: str = ""

    @property
    def rows(self) -> int:
        """Values that were counted in bins."""
        return int(self.counts.sum())

    def count(self, values: Array) -> Array:
        """Of other values, finite ones, int64 [bins + 2]."""
        return np.bincount(np.searchsorted(self.edges, values, side="right"), minlength=len(self.edges) + 1).astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "unit": self.unit,
            "edges": self.edges.tolist(),
            "counts": self.counts.tolist(),
            "missing": self.missing,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Sketch:
        """Inverse of `to_dict`; `DataError` for what is no sketch."""
        try:
            edges, counts = np.array(values["edges"], np.float64), np.array(values["counts"], np.int64)
            made = cls(str(values["name"]), edges, counts, int(values["missing"]), str(values.get("unit", "")))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(f"no sketch of a column ({error})", hint="export the model again") from error
        if edges.ndim != 1 or len(edges) < 2 or (np.diff(edges) <= 0).any() or counts.shape != (len(edges) + 1,) or (counts < 0).any():
            raise DataError(f"sketch of {made.name!r}: edges and counts do not fit", hint="export the model again")
        return made


def sketch(name: str, values: Array, bins: int = BINS, unit: str = "", keep: Sequence[float] = ()) -> Sketch:
    """Of a column ``values`` [rows]; ``keep`` are values that must be edges (thresholds). `UsageError` where no value is finite.

    >>> made = sketch("x", np.arange(100.0), bins=4)
    >>> made.edges[:-1].tolist(), made.counts.tolist()
    ([0.0, 24.75, 49.5, 74.25], [0, 25, 25, 25, 25, 0])
    """
    flat = np.asarray(values, np.float64).reshape(-1)
    finite = flat[np.isfinite(flat)]
    if not len(finite):
        raise UsageError(f"column {name!r}: no finite value to remember", hint="give rows that have one")
    inner = np.quantile(finite, np.linspace(0, 1, bins + 1)[1:-1])
    kept = [value for value in keep if finite.min() < value <= finite.max()]
    edges = np.unique(np.concatenate([[finite.min()], inner, kept, [np.nextafter(finite.max(), np.inf)]]))
    made = Sketch(name, edges, np.zeros(len(edges) + 1, np.int64), len(flat) - len(finite), unit)
    return Sketch(name, edges, made.count(finite), made.missing, unit)
