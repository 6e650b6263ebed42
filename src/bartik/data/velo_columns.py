"""Velo events from the columns of a record of simulated events, as `bartik generate` writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bartik.core import Array, Arrays, DataError
from bartik.data.velo_event import MODULES, VeloEvent, VeloTruth, checked_event

FIRST_EVENT = "first event"
"""What a record is about says under this name the number of its first event."""
FEWEST_MODULES = 3
"""Particles with hits in fewer are not in the truth of an event, so that their hits are noise, as in LHCb's simulated events."""
_HITS, _SEEN, _LINKS = ("x", "y", "z", "module"), ("particle", "pdg", "charge", "px", "py", "pz"), ("hit", "seen")
_FLAGS = {"isLong": "long", "fromBeautyDecay": "beauty", "fromCharmDecay": "charm", "fromStrangeDecay": "strange"}


def events_of_columns(arrays: Mapping[str, Array], name: str = "events", first: int = 0) -> Iterator[VeloEvent]:
    """Event by event, numbered from ``first``; `DataError` as `check_columns` and `event_of_columns`."""
    for place in range(check_columns(arrays, name)):
        yield event_of_columns(arrays, place, name, first)


def check_columns(arrays: Mapping[str, Array], name: str, *, require_truth: bool = False) -> int:
    """Number of events in tables ``hit``, ``seen`` (particles) and ``link``; `DataError` names the columns that are missing.

    Without the table ``seen`` there is no truth.
    """
    _require(arrays, "hit", _HITS, name)
    tables = ["hit"]
    if require_truth or "seen_offsets" in arrays:
        _require(arrays, "seen", (*_SEEN, *_FLAGS.values()), name)
        _require(arrays, "link", _LINKS, name)
        tables += ["seen", "link"]
    for table in tables:
        _check_table(arrays, table, len(arrays["hit_offsets"]), name)
    return len(arrays["hit_offsets"]) - 1


def event_of_columns(arrays: Mapping[str, Array], place: int, name: str = "events", first: int = 0) -> VeloEvent:
    """The event at one place, with momenta ``p`` and ``pt`` in MeV as LHCb's events have them.

    `DataError` names file and event for hits and links that cannot be.
    """
    title = f"{name}, event {first + place}"
    hits = _table(arrays, "hit", place)
    module = hits["module"].astype(np.int64)
    if len(module) and (module.min() < 0 or module.max() >= MODULES or (np.diff(module) < 0).any()):
        raise DataError(f"{title}: modules of hits are not numbers that rise from 0 to {MODULES - 1}", hint="the file is damaged")
    offsets = np.searchsorted(module, np.arange(MODULES + 1)).astype(np.int64)
    truth = _truth(_table(arrays, "seen", place), _table(arrays, "link", place), module, title) if "seen_offsets" in arrays else None
    return checked_event(VeloEvent(first + place, title, hits["x"], hits["y"], hits["z"], offsets, truth))


def _truth(seen: Arrays, link: Arrays, module: Array, title: str) -> VeloTruth:
    owner, hit = link["seen"].astype(np.int64), link["hit"].astype(np.int64)
    for what, values, count in (("hit", hit, len(module)), ("particle", owner, len(seen["pdg"]))):
        if len(values) and (values.min() < 0 or values.max() >= count):
            raise DataError(f"{title}: a link names {what} {values.max()} of {count}", hint="the file is damaged")
    order = np.lexsort((hit, owner))
    counts = np.bincount(owner, minlength=len(seen["pdg"]))
    crossed = np.unique(np.stack([owner, module[hit]]), axis=1)[0]
    kept = np.bincount(crossed, minlength=len(counts)) >= FEWEST_MODULES
    offsets = np.concatenate([[0], np.cumsum(counts[kept])]).astype(np.int64)
    columns = {key: values[kept] for key, values in _particles(seen).items()}
    return VeloTruth(columns, offsets, hit[order][np.repeat(kept, counts)])


def _particles(seen: Arrays) -> Arrays:
    """Columns as LHCb's events have them; ``key`` is the row among the particles seen."""
    px, py, pz = (1e3 * seen[name] for name in ("px", "py", "pz"))
    pt = np.hypot(px, py)
    columns: Arrays = {"key": np.arange(len(pt)), "pid": seen["pdg"], "p": np.hypot(pt, pz), "pt": pt}
    columns |= {"eta": np.arcsinh(pz / np.maximum(pt, 1e-9)), "phi": np.arctan2(py, px), "hasVelo": np.ones(len(pt), np.int64)}
    return columns | {key: seen[name].astype(np.int64) for key, name in _FLAGS.items()} | {"charge": seen["charge"].astype(np.float64)}


def _table(arrays: Mapping[str, Array], name: str, place: int) -> Arrays:
    start, stop = arrays[f"{name}_offsets"][place : place + 2]
    return {key.partition(".")[2]: values[start:stop] for key, values in arrays.items() if key.startswith(f"{name}.")}


def _require(arrays: Mapping[str, Array], table: str, columns: tuple[str, ...], name: str) -> None:
    missing = [key for key in (f"{table}_offsets", *(f"{table}.{column}" for column in columns)) if key not in arrays]
    if missing:
        raise DataError(f"{name}: no {', '.join(missing[:4])}", hint="bartik generate writes such files, with hits unless told --no-hits")


def _check_table(arrays: Mapping[str, Array], table: str, events: int, name: str) -> None:
    offsets = np.asarray(arrays[f"{table}_offsets"])
    sizes = {len(values) for key, values in arrays.items() if key.startswith(f"{table}.")}
    if len(offsets) != events or not events or offsets[0] != 0 or (np.diff(offsets) < 0).any() or sizes != {int(offsets[-1])}:
        raise DataError(f"{name}: table {table} does not divide into {max(events - 1, 0)} events", hint="the file is damaged")
