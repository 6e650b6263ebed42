"""Rows of a stage from the events of a split; of the many false ones only some are drawn, and weigh for the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bartik.core import SPLITS, Array, Config, DataError, Dataset, Split
from bartik.data.velo import VeloEvent
from bartik.usecases.velo_events import SplitEvents

Table = Callable[[VeloEvent], tuple[Array, Array]]
"""Features [rows, columns] and truth [rows] of an event."""


def table_of(split: Split, config: Config, rows_of: Table) -> Dataset:
    """All true rows and ``config.data.drawn`` of the others."""
    events = SplitEvents(split, config)
    parts = [_drawn(event, config, split, rows_of) for event in events]
    if not sum(len(part["target"]) for part in parts):
        raise DataError(f"{events.found}: nothing to learn from in the {split} split", hint="give more events")
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Dataset({"features": rows["features"]}, rows["target"], rows["weights"], {"event": rows["event"]}, str(events))


def _drawn(event: VeloEvent, config: Config, split: Split, rows_of: Table) -> dict[str, Array]:
    features, true = rows_of(event)
    random = np.random.default_rng([config.data.seed, SPLITS.index(split), event.number])
    kept = true | (random.random(len(true)) < config.data.drawn)
    weights = np.where(true, 1.0, 1 / config.data.drawn)[kept].astype(np.float32)
    return {
        "features": np.ascontiguousarray(features[kept]),
        "target": true[kept].astype(np.float32),
        "weights": weights,
        "event": np.full(int(kept.sum()), event.number),
    }
