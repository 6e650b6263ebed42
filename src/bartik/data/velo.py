"""Hits of the vertex locator (Velo), event by event, with the simulation's truth where there is one.

The JSON format is that of the ``velopix`` events: lists ``x``, ``y``, ``z`` in mm, ``module_prefix_sum`` (hits of module m are those
from entry m to entry m + 1), and optionally ``montecarlo`` with ``description`` (column names, ``hits`` among them) and ``particles``
(one row a particle). One file holds one event; a folder or a tar archive holds many. A record of simulated events, as ``bartik generate``
writes it, gives the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, DataError
from bartik.core.files import write_text
from bartik.data.events import FORMATS, read_columns
from bartik.data.velo_columns import FIRST_EVENT, check_columns, event_of_columns
from bartik.data.velo_event import MODULES, TRANSVERSE_LIMIT, Z_LIMITS, VeloEvent, VeloTruth, checked_event
from bartik.data.velo_files import number as number_in
from bartik.data.velo_files import texts

__all__ = [
    "MODULES",
    "TRANSVERSE_LIMIT",
    "Z_LIMITS",
    "VeloEvent",
    "VeloTruth",
    "checked_event",
    "event_from_dict",
    "event_to_dict",
    "read_velo_events",
    "write_velo_event",
]


def read_velo_events(
    path: Path | str,
    *,
    require_truth: bool = False,
    select: Callable[[int], bool] | None = None,
    skip_bad: list[DataError] | None = None,
) -> Iterator[VeloEvent]:
    """Events of a ``.json`` file, of a folder of them (searched recursively), of an archive, or of a record of simulated events.

    Archives are ``.tar``, ``.tar.gz``, ``.tar.xz``; records ``.h5``, ``.parquet``, ``.root``. Events come in the order of the number in
    their name; ``select`` sees this number before the event is parsed. Raises `DataError`, naming file and event, for whatever is missing,
    truncated or impossible. With a list ``skip_bad``, events that cannot be are left out and their errors added to it; a file or archive
    that cannot be read at all raises as before.
    """
    for number, load in _sources(Path(path), require_truth=require_truth):
        if select is None or select(number):
            try:
                event = load()
            except DataError as error:
                if skip_bad is None:
                    raise
                skip_bad.append(error)
                continue
            yield event


def _sources(path: Path, *, require_truth: bool) -> Iterator[tuple[int, Callable[[], VeloEvent]]]:
    if path.suffix in FORMATS:
        arrays, about = read_columns(path)
        first = int(about.get(FIRST_EVENT, "0"))
        for place in range(check_columns(arrays, str(path), require_truth=require_truth)):
            yield first + place, partial(event_of_columns, arrays, place, str(path), first)
        return
    for position, (name, text) in enumerate(texts(path)):
        number = number_in(name, position)
        yield number, partial(_load, name, text, number, require_truth=require_truth)


def _load(name: str, text: Callable[[], bytes], number: int, *, require_truth: bool) -> VeloEvent:
    return event_from_dict(_parse(name, text()), number, name, require_truth=require_truth)


def event_from_dict(values: Mapping[str, Any], number: int, name: str = "", *, require_truth: bool = False) -> VeloEvent:
    """Event from the fields of the JSON format, as lists or arrays; `DataError` begins with ``name`` (default ``event NUMBER``)."""
    name = name or f"event {number}"
    x, y, z = (_numbers(_field(values, axis, name), f"{name}: {axis}").astype(np.float64) for axis in "xyz")
    offsets = _integers(_field(values, "module_prefix_sum", name), f"{name}: module_prefix_sum")
    event = checked_event(VeloEvent(number, name, x, y, z, offsets))
    return replace(event, truth=_truth(values, len(x), name, require_truth=require_truth))


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
