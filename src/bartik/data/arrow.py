"""Tables in Parquet and CSV files, by pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from bartik.core import Array, Arrays, DataError
from bartik.core.files import atomic_path
from bartik.data.values import PIECE, Piece, Values, words


def names(path: Path) -> list[str]:
    """Names of all columns."""
    return [str(name) for name in _table(path).column_names]


def read(path: Path, columns: Sequence[str]) -> Arrays:
    """The given columns, a missing value as NaN."""
    table = _table(path)
    return {name: table[name].to_numpy() for name in columns}


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """One table."""
    table = pa.table(dict(arrays))
    with atomic_path(path) as temporary:
        if path.suffix == ".csv":
            pa.csv.write_csv(table, temporary)
        else:
            pa.parquet.write_table(table, temporary)


def pieces(path: Path) -> Iterator[Piece]:
    """Some rows at a time; a CSV file whose types show only further down is read whole."""
    with _readable(path):
        for batch in _csv_batches(path) if path.suffix == ".csv" else _parquet_batches(path):
            yield "", {str(field.name): _values(batch.column(k)) for k, field in enumerate(batch.schema)}


def _table(path: Path) -> pa.Table:
    with _readable(path):
        return pa.csv.read_csv(path) if path.suffix == ".csv" else pa.parquet.read_table(path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: not readable as {path.suffix[1:]} ({reason})", hint="is the file complete?") from error


def _parquet_batches(path: Path) -> Iterator[Any]:
    with pa.parquet.ParquetFile(path, pre_buffer=False) as file:  # what is read ahead is kept until the end
        rows = max(1, PIECE // (8 * max(1, len(file.schema_arrow))))
        some = False
        for batch in file.iter_batches(batch_size=rows):
            some = True
            yield batch
        if not some:
            yield pa.RecordBatch.from_pylist([], schema=file.schema_arrow)


def _csv_batches(path: Path) -> Iterator[Any]:
    """Batches of the types that the first of them shows, if the rest of the file agrees; else of all of it."""
    try:
        with pa.csv.open_csv(path) as first:
            schema = first.schema
            for _ in first:
                pass
    except pa.ArrowInvalid:
        yield from pa.csv.read_csv(path).combine_chunks().to_batches()
        return
    with pa.csv.open_csv(path, read_options=pa.csv.ReadOptions(block_size=PIECE), convert_options=_types(schema)) as batches:
        some = False
        for batch in batches:
            some = True
            yield batch
        if not some:
            yield pa.RecordBatch.from_pylist([], schema=schema)


def _types(schema: pa.Schema) -> pa.csv.ConvertOptions:
    return pa.csv.ConvertOptions(column_types=schema)


def _values(column: Any) -> Values:
    """One column of a batch, nulls apart, lists flat."""
    missing = np.flatnonzero(pa.compute.is_null(column).to_numpy(zero_copy_only=False)) if column.null_count else None
    present = column.drop_null()
    lengths: list[Any] = []
    while pa.types.is_list(present.type) or pa.types.is_large_list(present.type) or pa.types.is_fixed_size_list(present.type):
        lengths.append(pa.compute.list_value_length(present).to_numpy(zero_copy_only=False))
        present = pa.compute.list_flatten(present)
    dtype = f"{_dtype(present.type)}{'[...]' * len(lengths)}"
    if _is_number(present.type):
        items = (
            present.to_numpy(zero_copy_only=False) if not present.null_count else present.cast(pa.float64()).to_numpy(zero_copy_only=False)
        )
        return Values(dtype, len(column), items, tuple(lengths), missing)
    told = words(present.to_pylist(), dtype)
    return Values(dtype, len(column), told.items, (*lengths, *told.lengths), missing, numeric=False)


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _dtype(kind: Any) -> str:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    return str(np.dtype(kind.to_pandas_dtype())) if _is_number(kind) else str(kind)
