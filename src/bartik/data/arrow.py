"""Tables in Parquet and CSV files, by pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from bartik.core import Array, Arrays, DataError
from bartik.core.files import atomic_path


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


def _table(path: Path) -> pa.Table:
    try:
        return pa.csv.read_csv(path) if path.suffix == ".csv" else pa.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: not readable as {path.suffix[1:]} ({reason})", hint="is the file complete?") from error
