"""Rows of the ghost classifier: candidates of a loose triplet search in Velo events, matched to truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays, Config, DataError, Dataset, Split
from bartik.data.velo import VeloEvent, read_velo_events
from bartik.usecases.ghost_probability.candidates import find_candidates, match
from bartik.usecases.ghost_probability.features import track_features
from bartik.usecases.velo_events import SplitEvents


def data(split: Split, config: Config) -> Dataset:
    """Rows of one split. Every fourth event (number 3, 7, 11 ...) is a test event, every eighth (1, 9 ...) validates."""
    events = SplitEvents(split, config)
    parts = [_rows(event, config) for event in events]
    if not sum(len(part["target"]) for part in parts):
        raise DataError(f"{events.found}: no track candidates in the {split} split", hint="give more events")
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Dataset(
        inputs={"features": rows["features"]},
        target=rows["target"],
        spectators={name: rows[name] for name in ("event", "p", "eta", "hits")},
        source=str(events),
    )


def read(path: Path, config: Config, skip_bad: list[DataError] | None = None) -> tuple[Arrays, Arrays]:
    """Raw events to model inputs, and the columns ``event`` and ``candidate`` that name each row; errors of bad events to ``skip_bad``."""
    inputs, numbers, candidates = [], [], []
    for event in read_velo_events(path, skip_bad=skip_bad):
        features = track_features(event, find_candidates(event, config.data.max_scatter, config.data.min_length))
        inputs.append(features)
        numbers.append(np.full(len(features), event.number))
        candidates.append(np.arange(len(features)))
    if not inputs:
        raise DataError(f"{path}: no event that can be read", hint="see the first error without --skip-bad")
    return {"features": np.concatenate(inputs)}, {"event": np.concatenate(numbers), "candidate": np.concatenate(candidates)}


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
