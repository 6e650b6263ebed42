"""The smaller event, written out: tracks that may be of a b decay, the decays found, and the vertices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays, Config, Session, UsageError
from bartik.core.bundle import Bundle
from bartik.data.events import FORMATS, write_columns
from bartik.metrics.decay_trees import mothers_of
from bartik.usecases.event_interpretation.columns import TRACKS
from bartik.usecases.event_interpretation.decays import JOIN, Found
from bartik.usecases.event_interpretation.event import Event
from bartik.usecases.event_interpretation.sources import read_events
from bartik.usecases.event_interpretation.stages import WORKING_POINT, OneNetwork, Stage


def write_predictions(bundle: Bundle, session: Session, source: Path, target: Path) -> int:
    """Interpret the events of ``source`` and write the smaller ones to ``target``; the number of tracks that are left."""
    if target.suffix not in FORMATS:
        raise UsageError(f"{target}: cannot tell the format from {target.suffix or 'no ending'!r}", hint=f"wanted {', '.join(FORMATS)}")
    events = read_events(source, Config(bundle.provenance["configuration"]))
    threshold = bundle.working_points[WORKING_POINT]
    network = OneNetwork(Stage(session, threshold))
    arrays = smaller(events, [network(event.tracks, event.vertices) for event in events], threshold)
    about = {"source": source.name, "bundle": bundle.digest, "kept above": str(threshold), "joined above": str(JOIN)}
    write_columns(target, arrays, about | {"tracks before": str(sum(map(len, events)))})
    return len(arrays["track.index"])


def smaller(events: Sequence[Event], found: Sequence[Found], threshold: float) -> Arrays:
    """Columns with offsets of events whose tracks are those at or above ``threshold`` and those of decays found.

    ``track.*``: its columns, its place ``index`` in the whole event, ``keep``, its ``vertex`` and its ``ancestor``; ``ancestor.*``: the
    ``mother`` among the event's ancestors and its ``generation``; -1 for none. ``vertex.*``: positions in mm.
    """
    parts = [_smaller(event, what, threshold) for event, what in zip(events, found, strict=True)]
    arrays: Arrays = {}
    for group in ("track", "ancestor", "vertex"):
        sizes = [len(part[group][0]) for part in parts]
        arrays[f"{group}_offsets"] = np.cumsum([0, *sizes]).astype(np.int64)
        arrays |= {
            f"{group}.{name}": np.concatenate([np.zeros(0, kind), *(part[group][place] for part in parts)]).astype(kind)
            for place, (name, kind) in enumerate(_COLUMNS[group])
        }
    return arrays


_COLUMNS = {
    "track": [*((column.name, "f4") for column in TRACKS.columns), ("keep", "f4"), ("index", "i8"), ("vertex", "i8"), ("ancestor", "i8")],
    "ancestor": [("mother", "i8"), ("generation", "i8")],
    "vertex": [(axis, "f4") for axis in "xyz"],
}


def _smaller(event: Event, found: Found, threshold: float) -> dict[str, list[Array]]:
    groups, count = found.decays(JOIN), len(event)
    mothers = mothers_of(groups, count)
    kept = np.flatnonzero((found.keep >= threshold) | (mothers[:count] >= 0))
    above = np.where(mothers >= 0, mothers - count, -1)
    heights = _generations(above[count:])
    columns = [*event.tracks[kept].T, found.keep[kept], kept, found.vertex_of(event.tracks, event.vertices)[kept], above[:count][kept]]
    return {"track": columns, "ancestor": [above[count:], heights], "vertex": list(event.vertices.T)}


def _generations(mothers: Array) -> Array:
    """Of ancestors sorted from small to large: one more than the highest of those below."""
    found = np.ones(len(mothers), np.int64)
    for place, mother in enumerate(mothers.tolist()):
        if mother >= 0:
            found[mother] = max(found[mother], found[place] + 1)
    return found
