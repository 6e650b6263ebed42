"""Hits of the vertex locator (Velo), event by event, with the simulation's truth where there is one.

The JSON format is that of the ``velopix`` events: lists ``x``, ``y``, ``z`` in mm, ``module_prefix_sum`` (hits of module m are those
from entry m to entry m + 1), and optionally ``montecarlo`` with ``description`` (column names, ``hits`` among them) and ``particles``
(one row a particle). One file holds one event; a folder or a tar archive holds many.
"""

from __future__ import annotations

import gzip
import json
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, DataError
from bartik.core.files import write_text

MODULES = 52
TRANSVERSE_LIMIT = 60.0
"""No sensor reaches further than this from the beam in x or y, in mm."""
Z_LIMITS = (-300.0, 760.0)
"""First and last module, with some room, in mm."""
_LARGEST_EVENT = 256 * 2**20  # bytes of JSON; the busiest simulated events have about one million
_Text = Callable[[], bytes]
_SUFFIXES = (".tar", ".gz", ".tgz", ".xz", ".txz")


@dataclass(frozen=True)
class VeloTruth:
    """Simulated particles: a table, and for particle k the hits ``hits[offsets[k]:offsets[k + 1]]`` (a hit may have several)."""

    particles: Arrays
    offsets: npt.NDArray[np.int64]
    hits: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of particles."""
        return len(self.offsets) - 1


@dataclass(frozen=True)
class VeloEvent:
    """Hit positions [hits] in mm, sorted by module; module m holds hits ``module_offsets[m]`` to ``module_offsets[m + 1]``."""

    number: int
    name: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    z: npt.NDArray[np.float64]
    module_offsets: npt.NDArray[np.int64]
    truth: VeloTruth | None = None

    def __len__(self) -> int:
        """Number of hits."""
        return len(self.x)

    def renumbered(self, number: int) -> VeloEvent:
        """The same event under another number."""
        return replace(self, number=number)

    @property
    def modules(self) -> npt.NDArray[np.int64]:
        """Module of each hit [hits]."""
        return np.repeat(np.arange(MODULES), np.diff(self.module_offsets))


def read_velo_events(path: Path | str, *, require_truth: bool = False, select: Callable[[int], bool] | None = None) -> Iterator[VeloEvent]:
    """Events of a ``.json`` file, of a folder of them (searched recursively), or of a ``.tar``, ``.tar.gz``, ``.tar.xz`` archive.

    They come in the order of the number in their name; ``select`` sees this number before the event is parsed.
    Archives are read as a stream and never unpacked to disk.
    Raises `DataError`, naming file and event, for whatever is missing, truncated or impossible.
    """
    for position, (name, text) in enumerate(_texts(Path(path))):
        number = _number(name, position)
        if select is None or select(number):
            yield event_from_dict(_parse(name, text()), number, name, require_truth=require_truth)


def event_from_dict(values: Mapping[str, Any], number: int, name: str = "", *, require_truth: bool = False) -> VeloEvent:
    """Event from the fields of the JSON format, as lists or arrays; `DataError` begins with ``name`` (default ``event NUMBER``)."""
    name = name or f"event {number}"
    x, y, z = (_numbers(_field(values, axis, name), f"{name}: {axis}").astype(np.float64) for axis in "xyz")
    offsets = _integers(_field(values, "module_prefix_sum", name), f"{name}: module_prefix_sum")
    event = checked_event(VeloEvent(number, name, x, y, z, offsets))
    return replace(event, truth=_truth(values, len(x), name, require_truth=require_truth))


def checked_event(event: VeloEvent) -> VeloEvent:
    """The event itself; `DataError` with its name if a hit is not a number, outside of the detector, or in no module."""
    for axis in "xyz":
        bad = np.flatnonzero(~np.isfinite(getattr(event, axis)))
        if len(bad):
            raise DataError(f"{event.name}: {axis} of hit {bad[0]} is {getattr(event, axis)[bad[0]]}", hint="remove the hit or the event")
    _check_hits(event.x, event.y, event.z, event.module_offsets, event.name)
    return event


def event_to_dict(event: VeloEvent) -> dict[str, Any]:
    """The fields of the JSON format as plain lists; inverse of `event_from_dict`."""
    values: dict[str, Any] = {axis: getattr(event, axis).tolist() for axis in "xyz"}
    values["module_prefix_sum"] = event.module_offsets.tolist()
    if event.truth is not None:
        hits = np.split(event.truth.hits, event.truth.offsets[1:-1])[: len(event.truth)]
        columns = [*(column.tolist() for column in event.truth.particles.values()), [part.tolist() for part in hits]]
        rows = [list(row) for row in zip(*columns, strict=True)]
        values["montecarlo"] = {"description": [*event.truth.particles, "hits"], "particles": rows}
    return values


def write_velo_event(event: VeloEvent, path: Path | str) -> None:
    """Write one event as JSON, the whole file or nothing; name it ``..._NUMBER.json`` to keep its number."""
    write_text(Path(path), json.dumps(event_to_dict(event), allow_nan=False))


def _texts(source: Path) -> Iterator[tuple[str, _Text]]:
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


def _archive(source: Path) -> Iterator[tuple[str, _Text]]:
    members: list[tuple[str, _Text]] = [(f"{source}:{name}", partial(bytes, text)) for name, text in _members(source)]
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


def _number(name: str, otherwise: int) -> int:
    digits = re.findall(r"\d+", Path(name.rpartition(":")[2]).stem)  # of the member, not of its archive
    return int(digits[-1]) if digits else otherwise


def _order(name: str) -> tuple[int, str]:
    return _number(name, -1), name


def _parse(name: str, text: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: truncated or not JSON ({error})", hint="fetch or copy the file again") from error
    if not isinstance(values, dict):
        raise DataError(f"{name}: a JSON object with x, y, z, module_prefix_sum wanted, got {type(values).__name__}")
    return values


def _field(values: Mapping[str, Any], key: str, name: str) -> Any:
    if key not in values:
        raise DataError(f"{name}: no {key!r} in this event", hint="a Velo event has x, y, z and module_prefix_sum")
    return values[key]


def _numbers(values: Any, what: str) -> Array:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(f"{what}: a plain list of numbers wanted ({error})") from error
    if array.ndim != 1 or (len(array) and array.dtype.kind not in "iufb"):
        raise DataError(f"{what}: a plain list of numbers wanted, got {array.dtype} of shape {array.shape}")
    return array


def _integers(values: Any, what: str) -> npt.NDArray[np.int64]:
    array = _numbers(values, what)
    if len(array) and array.dtype.kind not in "iu":
        raise DataError(f"{what}: whole numbers wanted, got {array.dtype}")
    return array.astype(np.int64)


def _check_hits(x: Array, y: Array, z: Array, offsets: Array, name: str) -> None:
    if not len(x) == len(y) == len(z):
        raise DataError(f"{name}: {len(x)} x, {len(y)} y, {len(z)} z: not the same number", hint="the file is damaged")
    if len(offsets) != MODULES + 1 or offsets[0] != 0 or offsets[-1] != len(x) or (np.diff(offsets) < 0).any():
        raise DataError(
            f"{name}: module_prefix_sum does not divide {len(x)} hits among {MODULES} modules",
            hint=f"{MODULES + 1} whole numbers that rise from 0 to the number of hits are wanted",
        )
    outside = (np.maximum(np.abs(x), np.abs(y)) > TRANSVERSE_LIMIT) | (z < Z_LIMITS[0]) | (z > Z_LIMITS[1])
    if outside.any():
        hit = int(np.flatnonzero(outside)[0])
        raise DataError(
            f"{name}: hit {hit} at ({x[hit]:g}, {y[hit]:g}, {z[hit]:g}) mm is outside the detector",
            hint="positions are in mm; remove the hit or the event",
        )


def _truth(values: Mapping[str, Any], hits: int, name: str, *, require_truth: bool) -> VeloTruth | None:
    table = values.get("montecarlo")
    if not table:
        if require_truth:
            raise DataError(f"{name}: no 'montecarlo' in this event", hint="training and scores need simulated events with truth")
        return None
    try:
        columns, rows = list(table["description"]), list(table["particles"])
        position = columns.index("hits")
        lists = [row[position] for row in rows]
        rest = {key: [row[k] for row in rows] for k, key in enumerate(columns) if k != position}
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise DataError(f"{name}: montecarlo is not a table with a column 'hits' ({error!r})", hint="the file is damaged") from error
    particles = {key: _numbers(column, f"{name}: montecarlo column {key!r}") for key, column in rest.items()}
    return _ragged(particles, lists, hits, name)


def _ragged(particles: Arrays, lists: list[Any], hits: int, name: str) -> VeloTruth:
    parts = [_integers(part, f"{name}: hits of particle {k}") for k, part in enumerate(lists)]
    indices = np.concatenate([np.zeros(0, np.int64), *parts])
    wrong = np.flatnonzero((indices < 0) | (indices >= hits))
    if len(wrong):
        raise DataError(f"{name}: montecarlo names hit {indices[wrong[0]]} of {hits}", hint="truth and hits are of different events")
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]).astype(np.int64)
    return VeloTruth(particles, offsets, indices)
