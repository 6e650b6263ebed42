"""Figure of an event in the vertex locator: along the beam and across it, with sensors, hits, true and found tracks, vertices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import FRAME, GRID, MUTED, series
from bartik.plots.style import label, styled

Points = npt.NDArray[np.float64]
_KINDS = {"found": 0, "particle": 0, "strange": 4, "heavy": 3, "electron": 2, "missed": 4, "ghost": 1}
"""Kinds of tracks in the order of the legend, and the numbers of their colours."""
_NAMES = {
    "found": "track",
    "electron": "electron",
    "missed": "particle without track",
    "strange": "from a strange decay",
    "heavy": "from beauty or charm",
}
_REACH = 55.0  # mm from the beam: the corners of the sensors
_ALONG = (-320.0, 780.0)  # mm


@dataclass(frozen=True)
class Drawn:
    """What is drawn: hits [hits, 3] in mm and whether they are on a track, tracks by kind as points [n, 3] in mm, collisions [n, 3].

    ``sensors`` [sensors, 4, 3] are their corners in mm. Kinds of tracks found: ``found``, ``electron``, ``missed``, ``ghost``; of true
    ones: ``particle``, ``strange``, ``heavy``, ``electron``. Only kinds that are named are in the legend.
    """

    hits: Points
    used: npt.NDArray[np.bool_]
    tracks: Mapping[str, Sequence[Points]]
    sensors: Points
    collisions: Points = field(default_factory=lambda: np.zeros((0, 3)))
    title: str = ""
    note: str = ""


def velo_event(event: Drawn) -> Figure:
    """Two views of one event: x against z, and y against x with the far end of every track outside."""
    with styled():
        figure = Figure(figsize=(11.5, 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        along, across = figure.subplots(1, 2, width_ratios=(2.05, 1))
        _view(along, event, (2, 0))
        _view(across, event, (0, 1))
        along.set(xlim=_ALONG, ylim=(-_REACH, _REACH))
        across.set(xlim=(-_REACH, _REACH), ylim=(-_REACH, _REACH), aspect="equal")
        label(along, "z [mm]", "x [mm]")
        label(across, "x [mm]", "y [mm]")
        along.set_title(event.title, loc="left", fontsize=12)
        across.set_title(event.note, loc="right", fontsize=9, color=MUTED)
        handles, names = along.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def _view(axes: Axes, event: Drawn, plane: tuple[int, int]) -> None:
    axes.grid(visible=False)
    _sensors(axes, event.sensors, plane)
    free = event.hits[~event.used]
    first, second = plane
    axes.scatter(free[:, first], free[:, second], s=2.5, color=FRAME, linewidths=0, label="hit of no track", zorder=2)
    for kind, colour in _KINDS.items():
        if kind in event.tracks:
            _tracks(axes, event.tracks[kind], plane, kind, series(colour))
    on_track = event.hits[event.used]
    axes.scatter(on_track[:, first], on_track[:, second], s=2.0, color=series(0), linewidths=0, zorder=4)
    if len(event.collisions):
        stars = event.collisions
        axes.scatter(stars[:, first], stars[:, second], s=55, marker="*", color=series(3), linewidths=0, label="collision", zorder=6)


def _sensors(axes: Axes, sensors: Points, plane: tuple[int, int]) -> None:
    """Edges of the sensors; seen along the beam they lie one behind the other, and one of each is enough."""
    corners = sensors[:, :, list(plane)]
    shapes = corners if plane[0] == 2 else np.unique(np.round(corners, 2), axis=0)
    axes.add_collection(PolyCollection(list(shapes), facecolors="none", edgecolors=GRID, linewidths=0.9, zorder=1))


def _tracks(axes: Axes, tracks: Sequence[Points], plane: tuple[int, int], kind: str, colour: str) -> None:
    lines: list[Array] = [points[:, list(plane)] for points in tracks]
    style = {"missed": (0, (4, 2)), "ghost": (0, (1.2, 1.2))}.get(kind, "-")
    plain = kind in {"found", "particle"}
    collection = LineCollection(
        lines, colors=colour, linewidths=0.9 if plain else 1.3, linestyles=style, alpha=0.55 if plain else 0.95, zorder=3
    )
    collection.set_label(f"{_NAMES.get(kind, kind)} ({len(lines)})")
    axes.add_collection(collection)
