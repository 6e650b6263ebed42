"""What a table holds, column by column, from one pass over its pieces."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bartik.core import Array, DataError
from bartik.data.values import UNREADABLE, Piece, Values

Number = int | float | None


@dataclass(frozen=True)
class ColumnSummary:
    """One column: ``min`` to ``std`` (of the population) are over its finite items and absent where there is none.

    ``missing`` counts rows without a value and NaN, ``infinite`` counts infinities. ``digest`` is a SHA-256 over the values alone, the
    same whatever format, compression or pieces they were stored in.
    """

    name: str
    dtype: str
    digest: str
    missing: int = 0
    infinite: int = 0
    min: Number = None
    max: Number = None
    mean: Number = None
    std: Number = None
    unit: str = ""


@dataclass(frozen=True)
class TableSummary:
    """One table (tree, group); its ``name`` is empty where a file has but one."""

    name: str
    rows: int
    columns: tuple[ColumnSummary, ...]


@dataclass
class _Moments:
    """Count, mean and sum of squared differences from it, merged piece by piece (Chan, Golub, LeVeque 1979)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, items: Array) -> None:
        values = items.astype(np.float64)
        count = len(values)
        if not count:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            squares = float(((values - mean) ** 2).sum())
            delta, total = mean - self.mean, self.count + count
            self.mean += delta * (count / total)
            self.squares += squares + float(np.float64(delta) ** 2) * (self.count * (count / total))
        self.count = total


@dataclass
class _Column:
    """A column as it grows."""

    name: str
    dtype: str
    rows: int = 0
    missing: int = 0
    infinite: int = 0
    low: Number = None
    high: Number = None
    moments: _Moments = field(default_factory=_Moments)
    hashes: dict[str, Any] = field(default_factory=dict)

    def add(self, values: Values) -> None:
        self._hash("items", values.items)
        for level, lengths in enumerate(values.lengths):
            self._hash(f"lengths {level}", lengths.astype(np.int64))
        if values.missing is not None and len(values.missing):
            self._hash("missing", values.missing.astype(np.int64) + self.rows)
            self.missing += len(values.missing)
        self.rows += values.rows
        if values.numeric and len(values.items):
            self._count(values.items)

    def _count(self, items: Array) -> None:
        if items.dtype.kind == "f":
            self.missing += int(np.isnan(items).sum())
            self.infinite += int(np.isinf(items).sum())
            items = items[np.isfinite(items)]
        if len(items):
            low, high = _plain(items.min()), _plain(items.max())
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)
            self.moments.add(items)

    def _hash(self, part: str, array: Array) -> None:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        self.hashes.setdefault(part, hashlib.sha256()).update(little.data)

    def summary(self) -> ColumnSummary:
        count, moments = self.moments.count, self.moments
        parts = "".join(f"|{part} {state.hexdigest()}" for part, state in sorted(self.hashes.items()))
        return ColumnSummary(
            printable(self.name),
            self.dtype,
            "" if self.dtype == UNREADABLE else hashlib.sha256(f"{self.dtype}|{self.rows}{parts}".encode()).hexdigest(),
            self.missing,
            self.infinite,
            self.low,
            self.high,
            _finite(moments.mean) if count else None,
            _finite(math.sqrt(moments.squares / count)) if count else None,
        )


def summarise(pieces: Iterable[Piece]) -> tuple[TableSummary, ...]:
    """All tables of the pieces, in the order they come; pieces of a table follow each other and have the same columns."""
    tables: dict[str, dict[str, _Column]] = {}
    for table, columns in pieces:
        known = tables.setdefault(table, {name: _Column(name, values.dtype) for name, values in columns.items()})
        _check(table, known, columns)
        for name, values in columns.items():
            known[name].add(values)
    return tuple(_table(name, columns) for name, columns in tables.items())


def printable(text: str) -> str:
    r"""``text`` with what cannot be printed written as Python escapes it.

    >>> printable("p" + chr(27) + "x")
    'p\\x1bx'
    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def with_units(tables: tuple[TableSummary, ...], units: dict[str, str]) -> tuple[TableSummary, ...]:
    """The same with the units of the named columns (``column`` or ``table/column``) filled in; the others keep theirs."""
    return tuple(
        replace(
            table,
            columns=tuple(
                replace(column, unit=units.get(f"{table.name}/{column.name}", units.get(column.name, column.unit)))
                for column in table.columns
            ),
        )
        for table in tables
    )


def _check(table: str, known: dict[str, _Column], columns: Any) -> None:
    where = f"table {table!r}: " if table else ""
    if set(known) != set(columns):
        name = min(set(known) ^ set(columns))
        raise DataError(f"{where}column {name!r} is in one part and not in another", hint="parts of one dataset have the same columns")
    for name, values in columns.items():
        if values.dtype != known[name].dtype:
            raise DataError(f"{where}column {name!r} is {known[name].dtype} in one part and {values.dtype} in another")


def _table(name: str, columns: dict[str, _Column]) -> TableSummary:
    rows = max((column.rows for column in columns.values()), default=0)
    return TableSummary(printable(name), rows, tuple(column.summary() for column in columns.values()))


def _plain(number: Any) -> int | float:
    value: int | float = number.item() if not isinstance(number, np.bool_) else int(number)
    return value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
