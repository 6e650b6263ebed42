"""Bringing data in: a copy of its own in a folder that nobody else uses, its digests and its summary."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from filelock import FileLock, Timeout

from bartik.core import DataError, OutputError
from bartik.core.addresses import file_name, is_address, without_secrets
from bartik.core.files import writable
from bartik.data.remote import copy, download
from bartik.data.summary import TableSummary, printable, summarise, with_units
from bartik.data.tables import is_table, read_pieces
from bartik.data.velo_pieces import UNITS as VELO_UNITS
from bartik.data.velo_pieces import velo_pieces
from bartik.registry.database import alone
from bartik.registry.manifest import DataFile

_SCRATCH = ".adding-"
_ENDING = re.compile(r"(\.[A-Za-z0-9]{1,12})?\.[A-Za-z0-9]{1,12}$")


def lock(root: Path) -> Path:
    """The file that one process holds while it changes the datasets."""
    return root / ".lock"


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """A folder beside the datasets for this process alone; who is killed here has it removed by the next one."""
    with writable(root):
        with alone(lock(root)):
            _sweep(root)
            folder = root / f"{_SCRATCH}{secrets.token_hex(8)}"
            own = FileLock(f"{folder}.lock")
            own.acquire()
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            Path(own.lock_file).unlink(missing_ok=True)
            own.release()


def bring(source: str, folder: Path, name: str) -> tuple[str, tuple[DataFile, ...]]:
    """Copy a file, a folder or what an address holds into ``folder``: the content's name there, and its files."""
    if is_address(source):
        content = _content(name, file_name(source))
        digest = download(source, folder / content)
        return content, (DataFile(content, digest, (folder / content).stat().st_size),)
    path = Path(source)
    if path.is_dir():
        files = tuple(_copied(path / relative, folder, f"{name}/{relative.as_posix()}") for relative in _inside(path))
        if not files:
            raise DataError(f"{path}: holds no file")
        return name, files
    content = _content(name, path.name)
    return content, (_copied(path, folder, content),)


def describe(folder: Path, files: Iterable[DataFile], source: str) -> tuple[TableSummary, ...]:
    """Summary of the tables or Velo events in the files: those of a folder follow each other; what is neither has none."""
    paths = [folder / file.path for file in files]
    if len({path.suffix for path in paths}) != 1:
        return ()
    try:
        if is_table(paths[0]):
            return summarise(chain.from_iterable(map(read_pieces, paths)))
        events = velo_pieces(paths)
        return with_units(summarise(events), VELO_UNITS) if events else ()
    except DataError as error:
        message = error.message.replace(f"{folder}{os.sep}", "")
        raise DataError(f"{source}: {message}", hint=error.hint) from error


def shown(source: str) -> str:
    """Where data came from, as it may be kept: an address without secrets, or a whole path."""
    return printable(without_secrets(source) if is_address(source) else str(Path(source).resolve()))


def default_name(source: str) -> str:
    """Name of a dataset after its file: without endings."""
    name = file_name(source) if is_address(source) else Path(source).resolve().name
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", _ENDING.sub("", name)).lstrip(".-")


def _content(name: str, original: str) -> str:
    """``NAME`` and the ending of the original, both of them for the like of ``.tar.xz``."""
    suffixes = [suffix for suffix in Path(original).suffixes[-2:] if re.fullmatch(r"\.[A-Za-z0-9]{1,12}", suffix)]
    packed = suffixes[-1:] and suffixes[-1] in {".gz", ".xz", ".bz2", ".zst"} and suffixes[0] in {".tar", ".json", ".csv"}
    return name + "".join(suffixes if packed else suffixes[-1:])


def _copied(path: Path, folder: Path, content: str) -> DataFile:
    target = folder / content
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("rb") as stream:
            digest = copy(stream, target, str(path))
    except (OutputError, DataError):
        raise
    except OSError as error:
        told = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise DataError(f"{path}: {told}") from error
    return DataFile(content, digest, target.stat().st_size)


def _inside(folder: Path) -> list[Path]:
    """Files of a folder by relative path, sorted; hidden ones stay out, and links to folders are refused."""
    found: list[Path] = []
    for here, folders, files in os.walk(folder):
        for name in folders:
            if (Path(here) / name).is_symlink():
                raise DataError(f"{Path(here) / name}: is a link to a folder", hint="put the files there, or add it on its own")
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [(Path(here) / name).relative_to(folder) for name in files if not name.startswith(".") and not name.endswith(".dvc")]
    for path in found:
        if not (folder / path).is_file() or "\\" in str(path) or not str(path).isprintable():
            raise DataError(f"{str(folder / path)!r}: is no file that can be kept", hint="only regular files, with printable names")
    return sorted(found)


def _sweep(root: Path) -> None:
    """Remove what killed processes left; a folder whose owner lives is locked."""
    for folder in root.glob(f"{_SCRATCH}*"):
        own = FileLock(folder if folder.suffix == ".lock" else f"{folder}.lock", timeout=0)
        try:
            with own:
                shutil.rmtree(str(own.lock_file).removesuffix(".lock"), ignore_errors=True)
                Path(own.lock_file).unlink(missing_ok=True)
        except Timeout:
            continue
