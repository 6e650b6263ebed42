"""Tables as named arrays in an ``.npz`` file, without pickle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bartik.core import Arrays
from bartik.core.files import read_arrays
from bartik.core.files import write_arrays as write

__all__ = ["names", "read", "write"]


def names(path: Path) -> list[str]:
    """Names of all columns."""
    return list(read_arrays(path))


def read(path: Path, columns: Sequence[str]) -> Arrays:
    """The given columns."""
    arrays = read_arrays(path)
    return {name: arrays[name] for name in columns}
