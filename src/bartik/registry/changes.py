"""Which columns of a version are not what they were."""

from __future__ import annotations

from pathlib import Path

from bartik.core import BartikError
from bartik.data.summary import ColumnSummary, TableSummary
from bartik.registry.collect import describe
from bartik.registry.manifest import DataVersion

_TOLD = ("mean", "std", "min", "max", "missing", "infinite")


def changed_columns(version: DataVersion, folder: Path) -> list[str]:
    """One line a column that differs, or one that says why columns cannot be compared."""
    if not version.tables:
        return []
    try:
        now = describe(folder, version.files, version.content)
    except BartikError as error:
        return [f"{version.reference}: its columns cannot be compared: {error.message}"]
    found = [line for table in version.tables for line in _changed(table, _named(now, table.name))]
    return found or [f"{version.reference}: all columns hold the same values as before; only how they are stored changed"]


def _changed(old: TableSummary, new: TableSummary | None) -> list[str]:
    if new is None:
        return [f"table {old.name!r}: gone"]
    where = f"{old.name}/" if old.name else ""
    before, after = ({column.name: column for column in table.columns} for table in (old, new))
    lines = [f"{where or 'table '}: {old.rows} rows became {new.rows}"] if old.rows != new.rows else []
    lines += [f"column {where + name!r}: gone" for name in before if name not in after]
    lines += [f"column {where + name!r}: new" for name in after if name not in before]
    both = [(before[name], after[name]) for name in before if name in after]
    return lines + [f"column {where + one.name!r}: {_difference(one, other)}" for one, other in both if one.digest != other.digest]


def _difference(old: ColumnSummary, new: ColumnSummary) -> str:
    if old.dtype != new.dtype:
        return f"{old.dtype} became {new.dtype}"
    pairs = [(key, getattr(old, key), getattr(new, key)) for key in _TOLD]
    told = [f"{key} {_short(one)} became {_short(other)}" for key, one, other in pairs if one != other]
    return "changed" + (f" ({', '.join(told[:2])})" if told else " (same summary, other values)")


def _short(number: float | None) -> str:
    return "none" if number is None else f"{number:.6g}"


def _named(tables: tuple[TableSummary, ...], name: str) -> TableSummary | None:
    return next((table for table in tables if table.name == name), None)
