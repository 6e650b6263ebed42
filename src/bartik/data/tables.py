"""Tables in and out by the file's ending: ROOT, HDF5, Parquet, CSV and npz."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from bartik.core import Array, Arrays, DataError, UnavailableError, UnknownNameError, UsageError
from bartik.data.values import Piece

_WRAPPERS = {".root": "root", ".h5": "hdf5", ".hdf5": "hdf5", ".parquet": "arrow", ".csv": "arrow", ".npz": "npz"}
"""File ending to the module of this room with ``names``, ``read``, ``write`` and ``pieces``."""


def read_table(path: Path, columns: Sequence[str]) -> Arrays:
    """Read ``columns`` of a table, each a one-dimensional array of numbers of the same length.

    `DataError` where the file is missing, broken or lacks a column; `UnavailableError` where its reader is not installed.
    """
    wrapper = _wrapper(path)
    known = _names(path, wrapper)
    missing = [name for name in columns if name not in known]
    if missing:
        more = f" (and {len(missing) - 1} more)" if missing[1:] else ""
        raise DataError(f"{path}: no column {missing[0]!r}{more}", hint=UnknownNameError("column", missing[0], known).hint)
    table = {name: _flat(path, name, array) for name, array in wrapper.read(path, columns).items()}
    lengths = {len(array): name for name, array in table.items()}
    if len(lengths) > 1:
        told = ", ".join(f"{name!r} has {length}" for length, name in sorted(lengths.items()))
        raise DataError(f"{path}: columns of different length: {told} rows")
    return table


def read_optional(path: Path, columns: Sequence[str]) -> Arrays:
    """Those of ``columns`` that the table has; errors as of `read_table`."""
    known = _names(path, _wrapper(path))
    there = [name for name in columns if name in known]
    return read_table(path, there) if there else {}


def write_table(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write one-dimensional columns, atomically."""
    _wrapper(path).write(path, arrays)


def read_pieces(path: Path) -> Iterator[Piece]:
    """Every table of a file, some rows at a time, with columns of any kind: numbers, words, lists."""
    wrapper = _wrapper(path)
    try:
        yield from wrapper.pieces(path)
    except (DataError, OSError):
        raise
    except Exception as error:  # on a broken file each library raises what its parts raise
        raise DataError(f"{path}: not readable as {path.suffix[1:]} ({type(error).__name__})", hint="is the file complete?") from error


def is_table(path: Path) -> bool:
    """Whether the ending is one of a table."""
    return path.suffix in _WRAPPERS


def stack(path: Path, arrays: Mapping[str, Array], columns: Sequence[str]) -> Array:
    """Columns side by side as float32 [rows, columns]; `DataError` names the first column with a NaN or a value beyond float32."""
    for name in columns:
        _check_finite(path, name, arrays[name])
    return np.stack([arrays[name].astype(np.float32) for name in columns], axis=1)


def _check_finite(path: Path, name: str, column: Array) -> None:
    values = column.astype(np.float64)
    for word, bad in (("NaN", np.isnan(values)), ("infinite or beyond float32", np.abs(values) > np.finfo(np.float32).max)):
        if bad.any():
            raise DataError(f"{path}: column {name!r} is {word} in {bad.sum()} of {len(values)} rows", hint="remove or fill those rows")


def _names(path: Path, wrapper: ModuleType) -> Sequence[str]:
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    found: Sequence[str] = wrapper.names(path)
    return found


def _wrapper(path: Path) -> ModuleType:
    if path.suffix not in _WRAPPERS:
        raise UsageError(f"{path}: cannot tell the format from its ending", hint=f"use one of {', '.join(_WRAPPERS)}")
    try:
        return importlib.import_module(f"bartik.data.{_WRAPPERS[path.suffix]}")
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{path}: {error.name} is not installed", hint="pip install 'bartik[tables]'") from error


def _flat(path: Path, name: str, array: Array) -> Array:
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        raise DataError(f"{path}: column {name!r} is not one number a row (it is {array.dtype} with {array.ndim} axes)")
    return array
