"""What is known about one version of a dataset, and the JSON file it is kept in.

The file comes with the data from wherever it was shared, so every field is checked before it is used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from bartik.core import DataError, UsageError
from bartik.core.addresses import without_secrets
from bartik.core.digest import digest_values
from bartik.core.files import read_json, write_json
from bartik.data.summary import ColumnSummary, TableSummary

MANIFEST = "manifest.json"
FORMAT = "bartik dataset 1"
SHORT = 8
"""Characters of a digest that name a version."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_DIGEST = re.compile("[0-9a-f]{64}")
_NUMBERS = ("min", "max", "mean", "std")
_LARGEST = 2**62


@dataclass(frozen=True)
class DataFile:
    """One file: where it is in the version's folder, its SHA-256, its bytes."""

    path: str
    digest: str
    size: int


@dataclass(frozen=True)
class DataVersion:
    """One immutable version of a dataset; ``content`` is its file or folder, ``source`` where it came from, without secrets.

    ``digest`` is the SHA-256 of the file, or over the paths and digests of a folder's files. What is no table has no ``tables``.
    """

    name: str
    digest: str
    source: str
    added: str
    content: str
    files: tuple[DataFile, ...]
    tables: tuple[TableSummary, ...]

    @property
    def reference(self) -> str:
        """``NAME@DIGEST8``."""
        return f"{self.name}@{self.digest[:SHORT]}"

    @property
    def rows(self) -> int:
        """Rows of the table, or of all tables together."""
        return sum(table.rows for table in self.tables)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)

    @property
    def columns(self) -> tuple[ColumnSummary, ...]:
        """Columns of all tables."""
        return tuple(column for table in self.tables for column in table.columns)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"format": FORMAT, **asdict(self), "rows": self.rows, "size": self.size}


def content_digest(content: str, files: tuple[DataFile, ...]) -> str:
    """The digest of a version: of its only file, or of the list of a folder's files.

    >>> content_digest("a.csv", (DataFile("a.csv", "0" * 64, 1),)) == "0" * 64
    True
    """
    if len(files) == 1 and files[0].path == content:
        return files[0].digest
    return digest_values({file.path.removeprefix(f"{content}/"): file.digest for file in files})


def check_dataset_name(name: str) -> None:
    """Raise `UsageError` unless ``name`` can name a dataset."""
    if _NAME.fullmatch(name) is None or name == "manifest":
        raise UsageError(f"dataset name {name!r}: wanted up to 100 letters, digits, '_', '-' and '.'", hint="choose one with --name")


def write_manifest(folder: Path, version: DataVersion) -> None:
    """Write it into the version's folder, atomically."""
    write_json(folder / MANIFEST, version.to_dict())


def read_manifest(folder: Path) -> DataVersion:
    """Read and check it; `DataError` names the file and the field that cannot be."""
    path = folder / MANIFEST
    try:
        return from_dict(read_json(path))
    except (_WrongError, RecursionError) as error:
        raise DataError(f"{path}: {error}", hint="restore it from version control, or add the data again") from error


class _WrongError(ValueError):
    """A field that cannot be."""


def from_dict(values: Any) -> DataVersion:
    """The version that plain values describe; `ValueError` names the field that cannot be."""
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise _WrongError(f"not a manifest ({FORMAT!r})")
    name, content = _text(values, "name", _NAME.fullmatch), _text(values, "content")
    if content != name and not re.fullmatch(rf"{re.escape(name)}(\.[A-Za-z0-9]{{1,12}}){{1,2}}", content):
        raise _WrongError(f"field 'content': {content!r} is not named after {name!r}")
    files = tuple(_file(entry, content) for entry in _list(values, "files"))
    digest = _text(values, "digest", _DIGEST.fullmatch)
    if len({file.path for file in files}) != len(files) or content_digest(content, files) != digest:
        raise _WrongError("field 'digest': is not that of the files listed")
    tables = tuple(_table(entry) for entry in _list(values, "tables"))
    source = without_secrets(_text(values, "source"))
    return DataVersion(name, digest, source, _text(values, "added", _is_time), content, files, tables)


def _file(values: Any, content: str) -> DataFile:
    values = _mapping(values, "files")
    path = _text(values, "path")
    parts = PurePosixPath(path).parts
    inside = path == content or (parts[:1] == (content,) and len(parts) > 1 and path == "/".join(parts))
    if not inside or ".." in parts or "\\" in path:
        raise _WrongError(f"field 'path': {path!r} is not in {content!r}")
    return DataFile(path, _text(values, "digest", _DIGEST.fullmatch), _count(values, "size"))


def _table(values: Any) -> TableSummary:
    values = _mapping(values, "tables")
    return TableSummary(_text(values, "name"), _count(values, "rows"), tuple(_column(entry) for entry in _list(values, "columns")))


def _column(values: Any) -> ColumnSummary:
    values = _mapping(values, "columns")
    digest = _text(values, "digest", lambda text: not text or _DIGEST.fullmatch(text))
    low, high, mean, std = (_number(values, key) for key in _NUMBERS)
    counts = _count(values, "missing"), _count(values, "infinite")
    return ColumnSummary(_text(values, "name"), _text(values, "dtype"), digest, *counts, low, high, mean, std, _text(values, "unit"))


def _mapping(values: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(values, dict):
        raise _WrongError(f"field {key!r}: wanted a list of objects")
    return values


def _text(values: Mapping[str, Any], key: str, allowed: Callable[[str], object] = lambda _: True) -> str:
    text = values.get(key)
    if not isinstance(text, str) or not allowed(text) or any(ord(letter) < 32 or letter == "\x7f" for letter in text):
        raise _WrongError(f"field {key!r}: {text!r} cannot be" if key in values else f"field {key!r} is missing")
    return text


def _count(values: Mapping[str, Any], key: str) -> int:
    count = values.get(key)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count < _LARGEST:
        raise _WrongError(f"field {key!r}: wanted a count, found {count!r}")
    return count


def _number(values: Mapping[str, Any], key: str) -> int | float | None:
    number = values.get(key)
    if number is not None and (not isinstance(number, int | float) or isinstance(number, bool) or not _is_finite(number)):
        raise _WrongError(f"field {key!r}: wanted a finite number, found {number!r}")
    return number


def _is_finite(number: float) -> bool:
    return isinstance(number, int) or math.isfinite(number)


def _list(values: Mapping[str, Any], key: str) -> list[Any]:
    entries = values.get(key)
    if not isinstance(entries, list):
        raise _WrongError(f"field {key!r}: wanted a list")
    return entries


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
