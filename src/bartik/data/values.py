"""A piece of a column, whatever file it came from: what can be counted, added up and hashed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bartik.core import Array

UNREADABLE = "unreadable"
"""The dtype of a column whose content the reader of its format does not understand."""
PIECE = 32 * 2**20
"""Bytes that a reader aims to hold of a table at once."""


@dataclass(frozen=True)
class Values:
    """Some consecutive rows of a column.

    ``items`` is flat: what is not missing, row by row. ``lengths`` says, for each level of nesting, how many items lists have;
    words are lists of bytes. ``missing`` are rows without a value. Not ``numeric``: no minimum or mean is to be told.
    """

    dtype: str
    rows: int
    items: Array
    lengths: tuple[Array, ...] = ()
    missing: Array | None = None
    numeric: bool = True


Piece = tuple[str, Mapping[str, Values]]
"""Name of a table (of a tree, of a group; empty where a file has but one) and rows of its columns."""


def from_numpy(array: Array) -> Values:
    """Rows along the first axis; the other axes become part of the dtype, as in ``float32[3]``."""
    array = np.atleast_1d(array)
    kind, shape = array.dtype.kind, "".join(f"[{n}]" for n in array.shape[1:])
    if kind == "O":
        return _objects(array)
    if kind in "SU":
        return words(array.ravel().tolist(), f"text{shape}", len(array))
    if kind in "fiub":
        wide = array.astype(np.float64) if array.dtype.itemsize > 8 else array
        return Values(f"{wide.dtype.name}{shape}", len(array), wide.ravel())
    plain = np.frombuffer(np.ascontiguousarray(array).tobytes(), dtype=np.uint8)
    return Values(f"{array.dtype.name}{shape}", len(array), plain, numeric=False)


def words(texts: Iterable[Any], dtype: str = "text", rows: int | None = None, missing: Array | None = None) -> Values:
    """Words as the lengths and the bytes of their UTF-8; what is neither text nor bytes as Python prints it."""
    parts = [_encoded(text) for text in texts]
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    items = np.frombuffer(b"".join(parts), dtype=np.uint8)
    return Values(dtype, len(parts) if rows is None else rows, items, (lengths,), missing, numeric=False)


def unreadable(rows: int) -> Values:
    """Rows nobody can say anything about."""
    return Values(UNREADABLE, rows, np.zeros(0, dtype=np.uint8), numeric=False)


def rows_at_once(bytes_a_row: int, whole: int) -> Iterator[tuple[int, int]]:
    """First and last row of pieces of about `PIECE` bytes."""
    step = max(1, PIECE // max(1, bytes_a_row))
    return ((first, min(first + step, whole)) for first in range(0, whole, step))


def _objects(array: Array) -> Values:
    """Strings, or one array a row."""
    rows = list(array.ravel())
    if rows and all(isinstance(row, np.ndarray) and row.dtype.kind in "fiub" for row in rows):
        lengths = np.array([row.size for row in rows], dtype=np.int64)
        items = np.concatenate([row.ravel() for row in rows])
        return Values(f"{items.dtype.name}[...]", len(array), items, (lengths,))
    return words(rows, rows=len(array))


def _encoded(text: Any) -> bytes:
    if isinstance(text, bytes):
        return text
    return str(text).encode("utf-8", errors="surrogatepass")
