"""Velo events of a split, for every use case that learns from them: LHCb's simulation where there is some, else the toy's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


class SplitEvents:
    """Events of one split with truth, read as they are iterated over; in words, where they are from, how many, and how many were left out.

    Every fourth event (number 3, 7, 11 ...) is a test event, every eighth (1, 9 ...) validates. Reads ``config.data``: ``path``; ``events``
    (at most so many of each file and split; 0: all); ``skip_bad`` (leave out events that cannot be, and count them; else the first of them
    is a `DataError`); ``generate`` and ``seed`` of the generator.
    """

    def __init__(self, split: Split, config: Config) -> None:
        """Look where the events are; nothing is read yet."""
        found = sources(config)
        self.split, self.config, self.found = split, config, found if split == "train" else Sources(found.main)
        self.count = 0
        self.skipped: list[DataError] = []

    def __iter__(self) -> Iterator[VeloEvent]:
        """Event by event; `DataError` if there is none in the split."""
        self.count, self.skipped = 0, []
        for event in self._events():
            self.count += 1
            yield event
        if not self.count:
            hint = f"{len(self.skipped)} were left out, the first: {self.skipped[0].message}" if self.skipped else "give more events"
            raise DataError(f"{self.found}: no event in the {self.split} split", hint=hint)

    def __str__(self) -> str:
        """For example ``minbias.tar.xz (66 events, 2 bad ones left out)``."""
        left_out = f", {len(self.skipped)} bad ones left out" if self.skipped else ""
        return f"{self.found} ({self.count} events{left_out})"

    def _events(self) -> Iterator[VeloEvent]:
        options, mine = self.config.data, self._mine
        if not self.found.main:
            numbers = filter(mine, range(options.generate))
            yield from (event_from_dict(generate_velo_event(options.seed, number), number) for number in numbers)
        for before, path in enumerate(self.found.main):
            yield from _numbered(self._read(path, mine), before * _FILE_OFFSET)
        for before, path in enumerate(self.found.extra):
            yield from _numbered(self._read(path), before * _FILE_OFFSET + _EXTRA_OFFSET)

    def _read(self, path: Path, select: Callable[[int], bool] | None = None) -> Iterator[VeloEvent]:
        skipped = self.skipped if self.config.data.skip_bad else None
        return islice(read_velo_events(path, require_truth=True, select=select, skip_bad=skipped), _limit(self.config))

    def _mine(self, number: int) -> bool:
        return split_of(number) == self.split


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
