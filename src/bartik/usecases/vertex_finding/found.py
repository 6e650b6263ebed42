"""Tracks found in hits of the vertex locator: search by triplet, and a line through the three hits next to the beam of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError
from bartik.data.ellipsoids import ellipsoids
from bartik.data.velo_banks import read_sensors, read_true_vertices, read_velo_banks
from bartik.data.velo_event import VeloEvent
from bartik.data.velo_lines import line_near_beam
from bartik.data.vertex_event import VertexEvent
from bartik.simulation.response.impact import impact_resolution
from bartik.usecases.triplet_search import FEWEST_HITS, search_by_triplet

ASSUMED_PT = 0.4
"""GeV: the vertex locator alone measures no momentum, so that every track is said to be known as one of this transverse momentum."""
LEAST_ANGLE = 1e-3
"""rad, to the beam: tracks nearer to it have no point of closest approach."""
_SCATTER, _LENGTH = 0.1, 4  # mm², hits: the search's own


def found_tracks(event: VeloEvent, beam: Array) -> npt.NDArray[np.float32]:
    """Features [tracks, 9] of the tracks of an event, for a ``beam`` line at x, y [2] in mm."""
    places = np.stack([event.x, event.y, event.z], axis=1)
    lines = [line_near_beam(places[hits]) for hits in search_by_triplet(event, _SCATTER, _LENGTH) if len(hits) >= FEWEST_HITS]
    point, way = (np.array(part).reshape(-1, 3) for part in zip(*lines, strict=True)) if lines else (np.zeros((0, 3)), np.zeros((0, 3)))
    return as_features(point, way, beam)


def as_features(point: Array, way: Array, beam: Array) -> npt.NDArray[np.float32]:
    """Of lines [tracks, 3] that are not along the beam: what the vertex locator says of them."""
    steep = np.hypot(way[:, 0], way[:, 1]) > LEAST_ANGLE
    sigma = np.full(int(steep.sum()), impact_resolution(np.array(ASSUMED_PT)) / 1000)
    return ellipsoids(point[steep], way[steep], sigma, beam)


def read_lhcb_events(folder: Path) -> list[VertexEvent]:
    """Events of LHCb's simulation in Allen's files: tracks found in the hits of the vertex locator, true vertices with their tracks.

    ``folder`` has ``banks/VP``, ``MC_info/PVs``, and ``detector_configuration/down`` beside it, as Allen's own inputs; the beam line is at
    the mean of the true vertices of all its events across the beam, which a trigger knows from the vertices of the minutes before.
    """
    sensors = read_sensors(folder.parent / "detector_configuration" / "down" / "velo_geometry.bin")
    names = sorted(path.stem for path in (folder / "banks" / "VP").glob("*.bin"))
    if not names:
        raise DataError(f"{folder}: no VP banks", hint="wanted a folder of Allen's inputs, such as minbias")
    true = [read_true_vertices(folder / "MC_info" / "PVs" / f"{name}.bin") for name in names]
    beam = np.concatenate([place for place, _ in true])[:, :2].mean(axis=0)
    events = [read_velo_banks(folder / "banks" / "VP" / f"{name}.bin", sensors) for name in names]
    return [
        VertexEvent(number, found_tracks(event, beam), beam.astype(np.float32), place[:, 2], count)
        for number, (event, (place, count)) in enumerate(zip(events, true, strict=True))
    ]
