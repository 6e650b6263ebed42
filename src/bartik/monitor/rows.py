"""Rows of a table as they come, some at a time: columns of numbers, NaN for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from bartik.core import Array, DataError, UnknownNameError
from bartik.data.tables import read_pieces
from bartik.data.values import Values

AT_ONCE = 65536
"""Rows that are scored together."""


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[Array]:
    """float64 [at most `AT_ONCE`, columns]; `DataError` names a column that is missing or holds no numbers, or a second table."""
    if not path.is_file():
        raise DataError(f"{path}: no such file", hint="give the tables to be monitored, in the order of time")
    table = None
    for name, piece in read_pieces(path):
        if table is not None and name != table:
            raise DataError(f"{path}: holds more than one table ({table}, {name})", hint="keep only the one to be monitored")
        table = name
        array = np.stack([_column(path, column, piece) for column in columns], axis=1)
        for start in range(0, len(array), AT_ONCE):
            yield array[start : start + AT_ONCE]


def _column(path: Path, name: str, piece: Mapping[str, Values]) -> Array:
    if name not in piece:
        raise DataError(f"{path}: no column {name!r}", hint=UnknownNameError("column", name, list(piece)).hint)
    values = piece[name]
    if not values.numeric or values.lengths or "[" in values.dtype:
        raise DataError(f"{path}: column {name!r} is not one number a row (it is {values.dtype})")
    if values.missing is None or not len(values.missing):
        return values.items.astype(np.float64)
    whole = np.full(values.rows, np.nan)
    whole[np.setdiff1d(np.arange(values.rows), values.missing)] = values.items
    return whole
