"""Where the texts of Velo events in JSON come from: a file, a folder, an archive, read as a stream and never unpacked to disk."""

from __future__ import annotations

import gzip
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, cast

from bartik.core import DataError

_LARGEST_EVENT = 256 * 2**20  # bytes of JSON; the busiest simulated events have about one million
Text = Callable[[], bytes]
_SUFFIXES = (".tar", ".gz", ".tgz", ".xz", ".txz")


def texts(source: Path) -> Iterator[tuple[str, Text]]:
    """Name of each event and a function that reads it, in the order of the numbers in the names; `DataError` for what is no such source."""
    if source.is_dir():
        files = sorted(source.rglob("*.json"), key=lambda file: _order(str(file)))
        if not files:
            raise DataError(f"{source}: no .json file in this folder", hint="give the folder that holds the Velo events")
        return ((str(file), partial(_read, file)) for file in files)
    if source.suffix == ".json":
        return iter([(str(source), partial(_read, source))])
    if source.suffix in _SUFFIXES:
        return _archive(source)
    raise DataError(f"{source}: neither Velo events nor a folder of them", hint="give a .json, .tar, .tar.gz or .tar.xz file, or a folder")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{file}: no such file", hint="check the path of the Velo events") from error
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error


def _archive(source: Path) -> Iterator[tuple[str, Text]]:
    members: list[tuple[str, Text]] = [(f"{source}:{name}", partial(bytes, text)) for name, text in _members(source)]
    if not members:
        raise DataError(f"{source}: no .json file in this archive", hint="give an archive of Velo events")
    yield from sorted(members, key=lambda member: _order(member[0]))


def _members(source: Path) -> list[tuple[str, bytes]]:
    try:
        with _open(source) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            members = [(member.name, _member(archive, member, source)) for member in archive if _is_event(member)]
            _check_end(source, stream)
    except FileNotFoundError as error:
        raise DataError(f"{source}: no such file", hint="check the path of the Velo events") from error
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise DataError(f"{source}: truncated or not an archive ({error})", hint="fetch or copy the file again") from error
    return members


def _open(source: Path) -> IO[bytes]:
    if source.suffix in {".xz", ".txz"}:
        return cast(IO[bytes], lzma.open(source))
    return cast(IO[bytes], gzip.open(source)) if source.suffix in {".gz", ".tgz"} else source.open("rb")


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, source: Path) -> bytes:
    if member.size > _LARGEST_EVENT:
        raise DataError(f"{source}:{member.name}: {member.size} bytes, more than one event can have", hint="this is no Velo event")
    file = archive.extractfile(member)
    return file.read() if file is not None else b""


def _check_end(source: Path, stream: IO[bytes]) -> None:
    """A tar archive ends with zeros; the tar reader takes a missing end for the end."""
    if source.suffix == ".tar":
        stream.seek(-512, 2)
        if stream.read(512).strip(b"\0"):
            raise EOFError("the end of the archive is missing")


def _is_event(member: tarfile.TarInfo) -> bool:
    return member.isfile() and member.name.endswith(".json") and not Path(member.name).name.startswith(".")


def number(name: str, otherwise: int) -> int:
    """The last number in the name of an event's file, or ``otherwise``."""
    digits = re.findall(r"\d+", Path(name.rpartition(":")[2]).stem)  # of the member, not of its archive
    return int(digits[-1]) if digits else otherwise


def _order(name: str) -> tuple[int, str]:
    return number(name, -1), name
