"""Tables in HDF5 files, by h5py: the datasets of a group that have the same length are its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bartik.core import Array, Arrays, DataError
from bartik.core.files import atomic_path
from bartik.data.values import Piece, from_numpy, rows_at_once


def names(path: Path) -> list[str]:
    """Names of all columns, ``group/column`` where there are groups."""
    with _file(path) as file:
        return [f"{name}/{field}" if field else name for name, field, _ in _columns(path, file)]


def read(path: Path, columns: Sequence[str]) -> Arrays:
    """The given columns."""
    with _file(path) as file:
        found = {f"{name}/{field}" if field else name: (data, field) for name, field, data in _columns(path, file)}
        return {name: _rows(*found[name], 0, _length(found[name][0])) for name in columns}


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """One dataset a column."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)


def pieces(path: Path) -> Iterator[Piece]:
    """Some rows at a time; a table is a group, or one dataset of it where they differ in length."""
    with _file(path) as file:
        for table, columns in _tables(path, file).items():
            width = sum(_width(data, field) for data, field in columns.values())
            rows = _length(next(iter(columns.values()))[0])
            for first, last in rows_at_once(width, rows) if rows else [(0, 0)]:
                yield table, {name: from_numpy(_rows(data, field, first, last)) for name, (data, field) in columns.items()}


def _tables(path: Path, file: Any) -> dict[str, dict[str, tuple[Any, str]]]:
    groups: dict[str, dict[str, tuple[Any, str]]] = {}
    for name, field, data in _columns(path, file):
        group, _, column = (name, "", field) if field else name.rpartition("/")
        groups.setdefault(group, {})[column] = (data, field)
    found: dict[str, dict[str, tuple[Any, str]]] = {}
    for group, columns in groups.items():
        if len({_length(data) for data, _ in columns.values()}) == 1:
            found[group] = columns
        else:
            found |= {f"{group}/{name}".lstrip("/"): {name: column} for name, column in columns.items()}
    return found


def _columns(path: Path, file: Any) -> list[tuple[str, str, Any]]:
    """Name, field (of a compound dataset) and dataset of each column."""
    datasets: list[tuple[str, Any]] = []
    file.visititems(lambda name, item: datasets.append((name, item)) if isinstance(item, h5py.Dataset) else None)
    for name, data in datasets:
        if data.external or data.is_virtual:
            raise DataError(f"{path}: dataset {name!r} keeps its values in another file", hint="store them in this one")
    return [(name, field, data) for name, data in datasets for field in (data.dtype.names or ("",))]


def _rows(data: Any, field: str, first: int, last: int) -> Array:
    if data.shape is None:
        return np.zeros(0)
    rows = data[()] if data.shape == () else data[first:last]
    rows = np.atleast_1d(rows)
    return np.asarray(rows[field] if field else rows)


def _length(data: Any) -> int:
    return 0 if data.shape is None else int(data.shape[0]) if data.shape else 1


def _width(data: Any, field: str) -> int:
    dtype = data.dtype[field] if field else data.dtype
    return int(dtype.itemsize) * (int(np.prod(data.shape[1:], dtype=np.int64)) if data.shape else 1)


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    try:
        with h5py.File(path, "r") as file:
            yield file
    except DataError:
        raise
    except Exception as error:  # h5py lets out OSError, KeyError, RuntimeError and ValueError on a broken file
        raise DataError(f"{path}: not readable as HDF5 ({type(error).__name__})", hint="is the file complete?") from error
