"""An event of as many tracks as a program was compiled for."""

from __future__ import annotations

import numpy as np

from bartik.core import Arrays, UsageError
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
