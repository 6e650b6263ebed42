"""An event of as many tracks as a program was compiled for, and programs for some sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bartik.backends import prepare
from bartik.core import Arrays, Session, UsageError
from bartik.core.bundle import Bundle
from bartik.data.vertex_event import FEATURES, VertexEvent

_NOWHERE = 1e6
"""mm along the beam: beyond any histogram, so that such a track adds nothing."""


def padded(event: VertexEvent, tracks: int) -> Arrays:
    """Inputs of one event with tracks that are nowhere behind its own, ``tracks`` in all; `UsageError` for an event of more."""
    if len(event) > tracks:
        raise UsageError(
            f"event {event.number} has {len(event)} tracks, more than {tracks}", hint="compile for more: axes='tracks=N,events=1'"
        )
    rows = np.ones((tracks, FEATURES), np.float32)
    rows[:, 0] = _NOWHERE
    rows[: len(event)] = event.tracks
    return {"tracks": rows, "event": np.zeros(tracks, np.int64), "beam": event.beam[np.newaxis]}


class Compiled:
    """A network compiled by `native` for events of several sizes: an event goes to the smallest it fits."""

    def __init__(self, bundle: Bundle, sizes: Sequence[int] = (256, 512, 1024)) -> None:
        """One program for each of ``sizes``, numbers of tracks."""
        self._programs: dict[int, Session] = {size: prepare(bundle, "native", axes=f"tracks={size},events=1") for size in sorted(sizes)}

    def fit(self, event: VertexEvent) -> tuple[Session, Arrays]:
        """The program for an event, and its inputs; `UsageError` for one that is larger than all."""
        size = next((size for size in self._programs if size >= len(event)), max(self._programs))
        return self._programs[size], padded(event, size)

    def run(self, event: VertexEvent) -> Arrays:
        """Outputs for one event."""
        program, inputs = self.fit(event)
        return program.run(inputs)
