"""Writing that leaves either the whole file or nothing: a temporary name, then a rename."""

from __future__ import annotations

import ctypes
import glob
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core.errors import DataError, OutputError
from bartik.core.spec import Array, Arrays

_OLD = ".old"
"""How the name of a folder ends that was put aside for another."""


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary file path beside ``target``; on success it becomes ``target``, on any error it is removed."""
    with writable(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(target, target.suffix)
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``target``; on success it takes the place of ``target``."""
    with writable(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(target)
        try:
            temporary.mkdir()
            yield temporary
            take_place(temporary, target)
        finally:
            remove(temporary)


def write_text(target: Path, text: str) -> None:
    """Write ``text`` atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(target: Path, values: Any) -> None:
    """Write plain values atomically, indented, keys in the order given."""
    write_text(target, json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; `DataError` names the file and the line where it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: not readable as JSON ({error})") from error


def write_arrays(target: Path, arrays: Mapping[str, Array]) -> None:
    """Write named arrays as an uncompressed ``.npz``, atomically, byte for byte the same for the same arrays."""
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{name: np.asarray(array) for name, array in arrays.items()})


def read_arrays(path: Path) -> Arrays:
    """Read a ``.npz`` without pickle; `DataError` names the file where it is missing or broken."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except Exception as error:  # zipfile, zlib and numpy each raise their own on a truncated archive
        raise DataError(f"{path}: not readable as .npz ({error})") from error


def _beside(target: Path, suffix: str = "") -> Path:
    """A hidden name beside ``target`` that nobody else uses."""
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}{suffix}")


def take_place(temporary: Path, target: Path) -> None:
    """Rename a folder; if there is one already the two change places in one step, and the caller removes what ``temporary`` then holds.

    On a file system that cannot do so (some network ones) it takes two steps: whoever is killed between them leaves no ``target``, and
    `recover` brings the former one back.
    """
    recover(target)
    if not target.exists():
        temporary.rename(target)
    elif not _exchange(temporary, target):
        old = _beside(target, _OLD)
        target.rename(old)
        temporary.rename(target)
        remove(old)


def recover(target: Path) -> None:
    """Bring back the folder that a replacement which was killed had put aside; where the replacement was done, remove what it put aside."""
    for old in sorted(target.parent.glob(f".{glob.escape(target.name)}.*{_OLD}")):
        if target.exists():
            remove(old)
        else:
            with suppress(FileNotFoundError):  # another process was first
                old.rename(target)


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Whether the two changed places in one step: Linux's renameat2 does, on most file systems."""
    function = getattr(ctypes.CDLL(None), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return function is not None and function(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


@contextmanager
def writable(target: Path) -> Iterator[None]:
    """Errors of writing at ``target`` become `OutputError`; those about files elsewhere are somebody else's."""
    try:
        yield
    except OSError as error:
        if error.errno is None or not _concerns(error, target):
            raise
        raise OutputError(
            f"{target}: cannot be written ({error.strerror or error})", hint="choose another place or free some space"
        ) from error


def _concerns(error: OSError, target: Path) -> bool:
    """Whether the error names no file (as a full disk does), or one in the folders above or beside ``target``."""
    if error.filename is None or isinstance(error.filename, int):
        return True
    named = Path(os.fsdecode(error.filename)).absolute()
    parent = target.absolute().parent
    return (
        named == target.absolute()
        or named in (parent, *parent.parents)
        or named.name.startswith(f".{target.name}.")
        or any(above.name.startswith(f".{target.name}.") for above in named.parents)
    )
