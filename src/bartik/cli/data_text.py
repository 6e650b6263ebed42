"""Versions of data as plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bartik.data.summary import ColumnSummary, TableSummary
from bartik.registry.manifest import DataVersion

_NUMBERS = ("min", "max", "mean", "std")
_KIB = 1024


def version_lines(versions: Sequence[DataVersion], is_here: Callable[[DataVersion], bool]) -> list[str]:
    """A table, one version a line."""
    rows = [("version", "rows", "columns", "size", "added", "data", "source")]
    for version in versions:
        count, columns = (str(version.rows), str(len(version.columns))) if version.tables else ("-", "-")
        where = "here" if is_here(version) else "elsewhere"
        rows.append((version.reference, count, columns, bytes_text(version.size), version.added[:16], where, version.source))
    return aligned(rows, left={0, 4, 5, 6})


def description(version: DataVersion, folder: Path) -> str:
    """All that is known of one version."""
    files = "" if len(version.files) == 1 else f" in {len(version.files)} files"
    lines = [
        version.reference,
        f"  digest  {version.digest}",
        f"  size    {bytes_text(version.size)}{files}",
        f"  source  {version.source}",
        f"  added   {version.added}",
        f"  folder  {folder}",
    ]
    lines += [line for table in version.tables for line in ["", *_table(table)]]
    return "\n".join(lines if version.tables else [*lines, "", "no table: kept as it is"])


def bytes_text(size: float) -> str:
    """A size for people.

    >>> bytes_text(2_025_846)
    '1.9 MiB'
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _KIB:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KIB
    return f"{size:.1f} TiB"


def aligned(rows: Sequence[Sequence[str]], left: set[int]) -> list[str]:
    """Columns of the same width, those in ``left`` beginning at the same place."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if k in left else cell.rjust(width) for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _table(table: TableSummary) -> list[str]:
    head = f"{table.name}: {table.rows} rows" if table.name else f"{table.rows} rows"
    return [head, *aligned([("column", "unit", "dtype", *_NUMBERS, "missing", "infinite"), *map(_column, table.columns)], left={0, 1, 2})]


def _column(column: ColumnSummary) -> tuple[str, ...]:
    numbers = (getattr(column, key) for key in _NUMBERS)
    told = ("" if number is None else f"{number:.6g}" for number in numbers)
    return (column.name, column.unit, column.dtype, *told, str(column.missing or ""), str(column.infinite or ""))
