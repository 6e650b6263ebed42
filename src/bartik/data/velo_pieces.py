"""Velo events as tables of events, hits and particles, for a summary of what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from bartik.core import DataError
from bartik.data.values import Piece, from_numpy
from bartik.data.velo import VeloEvent, read_velo_events

UNITS = {f"hit/{axis}": "mm" for axis in "xyz"} | {f"particle/{name}": "MeV" for name in ("p", "pt")}
_ENDINGS = (".json", ".tar", ".tar.gz", ".tar.xz", ".tgz", ".txz")


def velo_pieces(paths: Sequence[Path]) -> Iterator[Piece] | None:
    """Event by event in the order of ``paths``; nothing where the first of them is no Velo event, `DataError` where a later one is none."""
    if not paths or not all(path.name.endswith(_ENDINGS) for path in paths):
        return None
    events = chain.from_iterable(read_velo_events(path) for path in paths)
    try:
        first = next(events)
    except (DataError, StopIteration):
        return None
    return (piece for event in chain([first], events) for piece in _pieces(event))


def _pieces(event: VeloEvent) -> Iterator[Piece]:
    yield "event", {"number": from_numpy(np.array([event.number]))}
    yield "hit", {name: from_numpy(getattr(event, name)) for name in ("x", "y", "z")} | {"module": from_numpy(event.modules)}
    if event.truth is not None:
        columns = {name: from_numpy(values) for name, values in event.truth.particles.items()}
        yield "particle", columns | {"hits": from_numpy(np.diff(event.truth.offsets))}
