"""Efficiencies in bins of several variables from weighted tracks, as LHCb's PIDCalib makes them.

The efficiency of a bin is the sum of weights of tracks that pass over that of all (arXiv:1803.00824). With sWeights it may be below 0 or
above 1; it is left so, as what is averaged over bins would else be biased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, Interval, UsageError
from bartik.core.files import write_json
from bartik.metrics.arrays import Floats, flat


@dataclass(frozen=True)
class EfficiencyTable:
    """Sums of weights [bins of the first variable, bins of the second ...] of tracks that pass and of all, and of their squares."""

    edges: Mapping[str, Floats]
    passed: Floats
    total: Floats
    passed_squares: Floats
    total_squares: Floats

    @property
    def values(self) -> Floats:
        """Efficiency of each bin; NaN where the sum of weights is not positive."""
        return np.asarray(np.divide(self.passed, self.total, out=np.full(self.total.shape, np.nan), where=self.total > 0))

    @property
    def errors(self) -> Floats:
        """Standard deviation of each: √[(1 - ε)² Σw² of those that pass + ε² Σw² of those that do not] / Σw.

        What passes and what does not are independent sums of weights, each with the variance Σw².
        """
        share, failed = self.values, self.total_squares - self.passed_squares
        variance = (1 - share) ** 2 * self.passed_squares + share**2 * failed
        return np.asarray(np.divide(np.sqrt(variance), self.total, out=np.full(self.total.shape, np.nan), where=self.total > 0))

    def find(self, columns: Mapping[str, Array]) -> npt.NDArray[np.int64]:
        """Bin [tracks] of each track, counted along the last variable first; -1 outside of the table."""
        return find_bins(columns, self.edges)

    def lookup(self, columns: Mapping[str, Array]) -> Floats:
        """Efficiency [tracks] of the bin of each track, NaN outside of the table: for samples that are to be weighted."""
        place = self.find(columns)
        return np.where(place >= 0, self.values.reshape(-1)[place], np.nan)

    def rows(self) -> Arrays:
        """One row a bin: low and high edge in each variable, efficiency, error, sum of weights."""
        places = np.indices(self.total.shape).reshape(self.total.ndim, -1)
        found: Arrays = {}
        for (name, edges), place in zip(self.edges.items(), places, strict=True):
            found |= {f"{name}_low": edges[place], f"{name}_high": edges[place + 1]}
        return found | {"efficiency": self.values.reshape(-1), "error": self.errors.reshape(-1), "weight": self.total.reshape(-1)}

    def write(self, path: Path) -> None:
        """The rows as JSON, where a bin without an efficiency has null."""
        columns = {name: [None if np.isnan(v) else float(v) for v in values] for name, values in self.rows().items()}
        write_json(
            path,
            {"variables": list(self.edges), "rows": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]},
        )


def efficiency_table(
    passed: Array, columns: Mapping[str, Array], edges: Mapping[str, Sequence[float]], weights: Array | None = None
) -> EfficiencyTable:
    """Table of ``passed`` bool [tracks] in bins of ``columns`` [tracks] by name, for ``weights`` [tracks] of any sign.

    Bins are half open, and what is outside does not count. `UsageError` for edges that do not rise and columns that are not there.

    >>> momenta, weights = {"P": np.array([1.0, 1.0, 3.0])}, np.array([3.0, 1.0, -1.0])
    >>> table = efficiency_table(np.array([True, False, True]), momenta, {"P": [0, 2, 4]}, weights)
    >>> table.values.tolist()
    [0.75, nan]
    """
    mask = flat("passed", passed) > 0.5
    share = np.ones(mask.size) if weights is None else flat("weights", weights)
    if share.size != mask.size:
        raise UsageError(f"efficiency table: {mask.size} tracks, {share.size} weights")
    bounds = {name: np.asarray(values, np.float64) for name, values in edges.items()}
    place = find_bins(columns, bounds)
    if place.size != mask.size:
        raise UsageError(f"efficiency table: {mask.size} tracks, {place.size} values of {next(iter(bounds))!r}")
    shape = tuple(len(values) - 1 for values in bounds.values())

    def summed(rows: npt.NDArray[np.bool_], values: Floats) -> Floats:
        inside = rows & (place >= 0)
        return np.bincount(place[inside], values[inside], int(np.prod(shape))).reshape(shape).astype(np.float64)

    every = np.ones(mask.size, bool)
    return EfficiencyTable(bounds, summed(mask, share), summed(every, share), summed(mask, share**2), summed(every, share**2))


def weighted_efficiency(passed: Array, weights: Array) -> Interval:
    """Efficiency of all rows with ``weights`` [rows] of any sign, and its standard deviation; `UsageError` where their sum is not positive.

    >>> found = weighted_efficiency(np.array([True] * 90 + [False] * 10), np.ones(100))
    >>> round(found.value, 3), round(found.high - found.value, 3)
    (0.9, 0.03)
    """
    table = efficiency_table(passed, {"row": np.zeros(np.size(passed))}, {"row": [-1.0, 1.0]}, weights)
    value, error = float(table.values[0]), float(table.errors[0])
    if np.isnan(value):
        raise UsageError(
            f"efficiency with weights: their sum is {table.total[0]:g}, wanted a positive one", hint="are these sWeights of signal?"
        )
    return Interval(value, value - error, value + error)


def find_bins(columns: Mapping[str, Array], edges: Mapping[str, Array]) -> npt.NDArray[np.int64]:
    """Bin [tracks] of each track in a table of these edges, counted along the last variable first; -1 outside."""
    found, outside = np.zeros(1, np.int64), np.zeros(1, bool)
    for name, bounds in edges.items():
        if name not in columns:
            raise UsageError(f"efficiency table: no column {name!r}", hint=f"given: {', '.join(columns)}")
        if np.size(bounds) < 2 or not (np.diff(bounds) > 0).all():
            raise UsageError(f"efficiency table: edges of {name!r} {np.asarray(bounds).tolist()}: wanted two or more, increasing")
        values = flat(name, columns[name])
        place = np.searchsorted(bounds, values, side="right") - 1
        outside = outside | (place < 0) | (place >= len(bounds) - 1)
        found = found * (len(bounds) - 1) + place
    return np.where(outside, -1, found)


def pidcalib_edges(variable: str) -> Floats:
    """PIDCalib2's own bins for hadrons: ``P`` in MeV, ``ETA``, ``nTracks`` (its `binning.py`, release 1.5.9).

    The first edges in momentum are the thresholds of kaons in both RICHs.
    """
    known = {
        "P": np.concatenate([[3000.0, 9300.0, 15600.0], np.linspace(19000.0, 100000.0, 16)]),
        "ETA": np.linspace(1.5, 5.0, 5),
        "nTracks": np.array([0.0, 50.0, 200.0, 300.0, 500.0]),
    }
    if variable not in known:
        raise UsageError(f"no bins for {variable!r}", hint=f"known: {', '.join(known)}")
    return known[variable]
