"""Velo events of a split, for every use case that learns from them: LHCb's simulation where there is some, else the toy's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bartik.core import Config, ConfigError, DataError, Split
from bartik.core.places import samples
from bartik.data.velo import VeloEvent, event_from_dict, read_velo_events
from bartik.simulation.velo import generate_velo_event

_SAMPLE_FOLDER = "06_velo_tracking"
_MAIN, _EXTRA = "velopix_minibias_*.tar*", "velopix_bsphiphi_*.tar*"
_EXTRA_OFFSET, _FILE_OFFSET = 1_000_000, 10_000_000
"""Added to the event numbers of extra samples and, once for each file before theirs, of further files: a number names one event."""


@dataclass(frozen=True)
class Sources:
    """Where events come from: ``main`` is split into train, validation and test, ``extra`` only trains."""

    main: tuple[Path, ...]
    extra: tuple[Path, ...] = ()

    def __str__(self) -> str:
        """File names, or that events are generated."""
        return ", ".join(path.name for path in (*self.main, *self.extra)) or "the parametric Velo generator"


def sources(config: Config) -> Sources:
    """``data.path``, else LHCb's simulated events where ``BARTIK_DATA`` has them, else the generator."""
    if config.data.path:
        return _sources_at(Path(config.data.path))
    folder = samples()
    return _sources_at(folder) if folder and (folder / _SAMPLE_FOLDER).is_dir() else Sources(())


def source(config: Config) -> str:
    """What the rows depend on beside the configuration: name, size and time of every file that is read."""
    found = sources(config)
    files = [file for path in (*found.main, *found.extra) for file in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]
    return "; ".join(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files if file.exists())


def split_of(number: int) -> Split:
    """The split an event belongs to, by its number alone."""
    if number % 4 == 3:
        return "test"
    return "validation" if number % 8 == 1 else "train"


def events_of(found: Sources, split: Split, config: Config) -> Iterator[VeloEvent]:
    """Events of one split with truth. Every fourth event (number 3, 7, 11 ...) is a test event, every eighth (1, 9 ...) validates.

    Reads ``config.data``: ``events`` (at most so many of each file and split; 0: all), and ``generate`` and ``seed`` of the generator.
    """
    if not found.main:
        numbers = (number for number in range(config.data.generate) if split_of(number) == split)
        yield from (event_from_dict(generate_velo_event(config.data.seed, number), number) for number in numbers)
        return
    limit = _limit(config)
    for before, path in enumerate(found.main):
        chosen = read_velo_events(path, require_truth=True, select=lambda number: split_of(number) == split)
        yield from _numbered(islice(chosen, limit), before * _FILE_OFFSET)
    for before, path in enumerate(found.extra if split == "train" else ()):
        yield from _numbered(islice(read_velo_events(path, require_truth=True), limit), before * _FILE_OFFSET + _EXTRA_OFFSET)


def _numbered(events: Iterator[VeloEvent], offset: int) -> Iterator[VeloEvent]:
    yield from (event.renumbered(event.number + offset) if offset else event for event in events)


def _sources_at(path: Path) -> Sources:
    if not path.exists():
        raise DataError(f"{path}: no such file or folder", hint="check the path of the Velo events: --data, data.path or BARTIK_DATA")
    path = path / _SAMPLE_FOLDER if (path / _SAMPLE_FOLDER).is_dir() else path
    main = tuple(sorted(path.glob(_MAIN))) if path.is_dir() else ()
    return Sources(main, tuple(sorted(path.glob(_EXTRA)))) if main else Sources((path,))


def _limit(config: Config) -> int | None:
    if config.data.events < 0:
        raise ConfigError(f"data.events: wanted 0 (all) or more, got {config.data.events}")
    return config.data.events or None
