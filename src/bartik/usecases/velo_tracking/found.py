"""Tracks of a file of raw events, as a table: one row a hit of a track."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays, Config, DataError
from bartik.data.velo import read_velo_events
from bartik.usecases.velo_tracking.finder import Finder, ragged
from bartik.usecases.velo_tracking.graph import positions


def predict(bundles: Mapping[str, Path], config: Config, path: Path, skip_bad: list[DataError] | None = None) -> Arrays:
    """Columns ``event``, ``track`` (counted in the event), ``hit`` (its place in the event), ``x``, ``y``, ``z`` in mm.

    A hit is in as many rows as there are tracks that share it. Events that cannot be are left out and added to ``skip_bad`` where given.
    """
    finder = Finder(bundles, config.tracks)
    rows: list[Arrays] = []
    for event in read_velo_events(path, skip_bad=skip_bad):
        places = positions(event)
        hits, offsets = ragged(finder.find(places))
        rows.append(_rows(event.number, places, hits, np.diff(offsets)))
    if not rows:
        raise DataError(f"{path}: no event that can be read", hint="see the first error without --skip-bad")
    return {name: np.concatenate([part[name] for part in rows]) for name in rows[0]}


def _rows(event: int, places: Array, hits: Array, sizes: Array) -> Arrays:
    columns: Arrays = {"event": np.full(len(hits), event, np.int64), "track": np.repeat(np.arange(len(sizes)), sizes), "hit": hits}
    return columns | dict(zip("xyz", places[hits].T, strict=True))
