"""Tables as named arrays in an ``.npz`` file, without pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from bartik.core import Array, Arrays, DataError
from bartik.core.files import read_arrays
from bartik.core.files import write_arrays as write
from bartik.data.values import Piece, from_numpy, rows_at_once

__all__ = ["names", "pieces", "read", "write"]

_HEADERS: Mapping[tuple[int, int], Any] = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def names(path: Path) -> list[str]:
    """Names of all columns."""
    return list(read_arrays(path))


def read(path: Path, columns: Sequence[str]) -> Arrays:
    """The given columns."""
    arrays = read_arrays(path)
    return {name: arrays[name] for name in columns}


def pieces(path: Path) -> Iterator[Piece]:
    """Some rows at a time: one table where all arrays have the same length, else a table an array."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        lengths = {name: _length(archive, info) for name, info in members.items()}
        together = len(set(lengths.values())) <= 1
        for group in [list(members)] if together else [[name] for name in members]:
            yield from _rows(path, archive, {name: members[name] for name in group}, "" if together else group[0], lengths[group[0]])


def _rows(path: Path, archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], table: str, rows: int) -> Iterator[Piece]:
    """All columns of a table side by side, each from a stream of its own."""
    streams = {name: archive.open(info) for name, info in members.items()}
    try:
        headers = {name: _header(stream) for name, stream in streams.items()}
        for name, (shape, fortran, dtype) in headers.items():
            if dtype.hasobject:
                raise DataError(f"{path}: array {name!r} holds Python objects, which only pickle can read", hint="store numbers or text")
            if fortran and len(shape) > 1:
                streams[name] = _transposed(streams[name], shape, dtype)
        widths = {name: dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64)) for name, (shape, _, dtype) in headers.items()}
        for first, last in rows_at_once(sum(widths.values()), rows) if rows else [(0, 0)]:
            yield table, {name: from_numpy(_take(path, streams[name], last - first, headers[name], widths[name])) for name in members}
    finally:
        for stream in streams.values():
            stream.close()


def _take(path: Path, stream: IO[bytes], rows: int, header: tuple[Any, bool, Any], width: int) -> Array:
    shape, _, dtype = header
    content = stream.read(rows * width)
    if len(content) != rows * width:
        raise DataError(f"{path}: not readable as .npz (an array ends early)", hint="is the file complete?")
    return np.frombuffer(content, dtype=dtype).reshape((rows, *shape[1:])) if width else np.zeros((rows, *shape[1:]), dtype)


def _transposed(stream: IO[bytes], shape: tuple[int, ...], dtype: Any) -> IO[bytes]:
    import io  # noqa: PLC0415 - arrays stored column by column are rare

    return io.BytesIO(np.frombuffer(stream.read(), dtype=dtype).reshape(shape, order="F").tobytes())


def _length(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    with archive.open(info) as stream:
        return int(_header(stream)[0][0])


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, Any]:
    """Shape (of one row for a single number), whether columns lie together, dtype."""
    version = npy.read_magic(stream)
    shape, fortran, dtype = _HEADERS[version](stream)
    return shape or (1,), fortran, dtype
