"""Candidates from a table of any format, for every selection that learns from them: checked column by column before a training.

Columns: those of the model, ``signal`` (1 or 0) and ``event``; if they are there ``weight``, ``mode`` and ``time``. Others are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bartik.core import Array, Arrays, Column, Config, DataError, Dataset, Split
from bartik.data.tables import read_optional, read_table, stack

SENTINELS = (-999.0, -9999.0, -99999.0)
"""What programs write where they have no value."""
_OPTIONAL = ("weight", "mode", "time")


class Rule(NamedTuple):
    """What a column can be: not below ``least``, and with a median in ``typical`` in the unit of the model."""

    least: float
    typical: tuple[float, float]
    otherwise: str


_CHI2 = Rule(0.0, (0.0, np.inf), "is it a logarithm already? the model takes χ² itself")
_GEV = Rule(0.0, (0.05, 200.0), "is it in MeV? the model takes GeV: divide by 1000")
_MM = Rule(0.0, (0.0, 5.0), "is it in µm? the model takes mm: divide by 1000")
_RULES: Mapping[str, Rule] = {"GeV": _GEV, "mm": _MM}


def source(config: Config) -> str:
    """What the rows depend on beside the configuration: name, size and time of the table, where there is one."""
    path = Path(config.data.path)
    return f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" if config.data.path and path.exists() else ""


def read_candidates(path: Path, columns: Sequence[Column], split: Split, crossings: int) -> Dataset:
    """Rows of one split, by the number of their event: 3, 7, 11 ... test, 1, 9, 17 ... validate, all others train.

    ``crossings`` is how many crossings as they come the split's background is of. `DataError` names the column that cannot be, and the
    remedy.
    """
    names = [column.name for column in columns]
    wanted = [*names, "signal", "event"]
    table = read_table(path, wanted) | read_optional(path, _OPTIONAL)
    for column in columns:
        check_column(path, column, table[column.name])
    _check_labels(path, table)
    features, event = stack(path, table, names), table["event"].astype(np.int64)
    kept = _split_of(event) == split
    target = table["signal"].astype(np.float32)[kept]
    if len(np.unique(target)) < 2:
        raise DataError(
            f"{path}: the {split} split has candidates of one class only", hint="is 'signal' 1 for some events and 0 for others?"
        )
    many = np.unique(event[kept], return_inverse=True, return_counts=True)
    rows = {"event": event[kept], "candidates": many[2][many[1]], "crossings": np.full(len(target), crossings, np.int64)}
    rows |= {"mode": np.where(target > 0.5, np.asarray(table.get("mode", np.zeros(len(event))))[kept], -1).astype(np.int64)}
    rows |= {"time": np.asarray(table.get("time", np.zeros(len(event))))[kept], "origin": np.zeros(len(target), np.int64)}
    weights = table["weight"][kept].astype(np.float32) if "weight" in table else None
    return Dataset({"features": features[kept]}, target, weights, rows, f"{path.name}")


def check_column(path: Path, column: Column, values: Array) -> None:
    """`DataError` that names the column: not finite, a sentinel, constant, below what it can be, or in another unit."""
    stack(path, {column.name: values}, [column.name])
    numbers, of = values.astype(np.float64), f"{path}: column {column.name!r}"
    for sentinel in SENTINELS:
        times = int((numbers == sentinel).sum())
        if times:
            raise DataError(f"{of} is {sentinel:g} in {times} of {len(numbers)} rows, which is no measurement", hint="leave those rows out")
    if len(numbers) and numbers.min() == numbers.max():
        raise DataError(f"{of} is {numbers[0]:g} in all {len(numbers)} rows", hint="fill it, or train a model without it")
    rule = _RULES.get(column.unit, _CHI2)
    if len(numbers) and numbers.min() < rule.least:
        raise DataError(f"{of} goes down to {numbers.min():g}, wanted {rule.least:g} or more", hint=rule.otherwise)
    middle = float(np.median(numbers)) if len(numbers) else rule.typical[0]
    if not rule.typical[0] <= middle <= rule.typical[1]:
        raise DataError(
            f"{of} has a median of {middle:g} {column.unit}, wanted {rule.typical[0]:g} to {rule.typical[1]:g}", hint=rule.otherwise
        )


def _check_labels(path: Path, table: Arrays) -> None:
    if not np.isin(table["signal"], (0, 1)).all():
        raise DataError(
            f"{path}: column 'signal' has values beside 0 and 1", hint="1 for candidates of the decays to keep, 0 for all others"
        )
    if not np.array_equal(np.round(table["event"]), table["event"]):
        raise DataError(f"{path}: column 'event' has values that are no whole numbers", hint="number the events: a split never divides one")
    weight = table.get("weight", np.ones(1))
    if not np.isfinite(weight).all() or (weight < 0).any():
        hint = "a training cannot take them: leave out those rows, or unfold with weights made positive"
        raise DataError(f"{path}: column 'weight' is negative or not finite in {int((~(weight >= 0)).sum())} rows", hint=hint)


def _split_of(event: Array) -> Array:
    return np.select([event % 4 == 3, event % 8 == 1], ["test", "validation"], "train")
