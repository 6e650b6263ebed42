"""Rows of the ghost classifier: candidates of a loose triplet search in Velo events, matched to truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays, Config, ConfigError, DataError, Dataset, Split
from bartik.core.places import samples
from bartik.data.velo import VeloEvent, event_from_dict, read_velo_events
from bartik.simulation.velo import generate_velo_event
from bartik.usecases.ghost_probability.candidates import find_candidates, match
from bartik.usecases.ghost_probability.features import track_features

_SAMPLE_FOLDER = "06_velo_tracking"
_MAIN, _EXTRA = "velopix_minibias_*.tar*", "velopix_bsphiphi_*.tar*"
_EXTRA_OFFSET = 1_000_000
"""Added to the event numbers of extra samples, so that a number names one event."""


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


def data(split: Split, config: Config) -> Dataset:
    """Rows of one split. Every fourth event (number 3, 7, 11 ...) is a test event, every eighth (1, 9 ...) validates."""
    found = sources(config)
    parts = [_rows(event, config) for event in _events(found, split, config)]
    if not sum(len(part["target"]) for part in parts):
        raise DataError(f"{found}: no track candidates in the {split} split", hint="give more events")
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Dataset(
        inputs={"features": rows["features"]},
        target=rows["target"],
        spectators={name: rows[name] for name in ("event", "p", "eta", "hits")},
        source=f"{found if split == 'train' else Sources(found.main)} ({len(parts)} events)",
    )


def split_of(number: int) -> Split:
    """The split an event belongs to, by its number alone."""
    if number % 4 == 3:
        return "test"
    return "validation" if number % 8 == 1 else "train"


def read(path: Path, config: Config) -> tuple[Arrays, Arrays]:
    """Raw events to model inputs, and the columns ``event`` and ``candidate`` that name each row."""
    inputs, numbers, candidates = [], [], []
    for event in read_velo_events(path):
        features = track_features(event, find_candidates(event, config.data.max_scatter, config.data.min_length))
        inputs.append(features)
        numbers.append(np.full(len(features), event.number))
        candidates.append(np.arange(len(features)))
    return {"features": np.concatenate(inputs)}, {"event": np.concatenate(numbers), "candidate": np.concatenate(candidates)}


def _sources_at(path: Path) -> Sources:
    if not path.exists():
        raise DataError(f"{path}: no such file or folder", hint="check the path of the Velo events: --data, data.path or BARTIK_DATA")
    path = path / _SAMPLE_FOLDER if (path / _SAMPLE_FOLDER).is_dir() else path
    main = tuple(sorted(path.glob(_MAIN))) if path.is_dir() else ()
    return Sources(main, tuple(sorted(path.glob(_EXTRA)))) if main else Sources((path,))


def _events(found: Sources, split: Split, config: Config) -> Iterator[VeloEvent]:
    if not found.main:
        numbers = (number for number in range(config.data.generate) if split_of(number) == split)
        yield from (event_from_dict(generate_velo_event(config.data.seed, number), number) for number in numbers)
        return
    limit = _limit(config)
    for path in found.main:
        yield from islice(read_velo_events(path, require_truth=True, select=lambda number: split_of(number) == split), limit)
    if split == "train":
        for path in found.extra:
            yield from (
                event.renumbered(event.number + _EXTRA_OFFSET) for event in islice(read_velo_events(path, require_truth=True), limit)
            )


def _limit(config: Config) -> int | None:
    if config.data.events < 0:
        raise ConfigError(f"data.events: wanted 0 (all) or more, got {config.data.events}")
    return config.data.events or None


def _rows(event: VeloEvent, config: Config) -> dict[str, Array]:
    candidates = find_candidates(event, config.data.max_scatter, config.data.min_length)
    truth = match(event, candidates)
    count = len(truth.particle)
    return {
        "features": track_features(event, candidates),
        "target": (truth.particle < 0).astype(np.float32),
        "event": np.full(count, event.number, dtype=np.int64),
        "p": truth.p,
        "eta": truth.eta,
        "hits": np.diff(candidates.offsets).astype(np.int32),
    }
