"""Figures of vertex finding: efficiency against false vertices, resolution, an event along the beam."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import DASHES, MARKERS, MUTED, SERIES, series
from bartik.plots.style import label, new_figure, styled

_WANTED = 5  # tracks
_MARGIN = 8.0  # mm beside the outermost vertices


def vertex_curves(curves: Mapping[str, Array], points: Mapping[str, tuple[float, float]]) -> Figure:
    """Efficiency against false vertices an event by name, each [points, 2 or more], and the working point of each."""
    figure, axes = new_figure()
    with styled():
        lowest = 1.0
        for place, (name, curve) in enumerate(curves.items()):
            shown = curve[curve[:, 1] > 0]
            axes.plot(shown[:, 1], shown[:, 0], color=series(place), linestyle=DASHES[place % len(DASHES)], label=name)
            efficiency, false = points[name]
            axes.plot([max(false, 1e-3)], [efficiency], MARKERS[place % len(MARKERS)], color=series(place), markersize=6)
            lowest = min(lowest, efficiency)
        axes.set(xscale="log", xlim=(3e-3, 1.0), ylim=(max(0.0, lowest - 0.08), 1.005))
        label(axes, "false vertices an event", "efficiency")
        figure.legend(loc="outside lower left", ncols=3)
    return figure


def vertex_efficiency_against_time(networks: Mapping[str, Mapping[str, tuple[float, float, float]]]) -> Figure:
    """Efficiency, its error and microseconds an event, by network, of each runtime.

    A colour a network and a marker a runtime; where there are more networks than colours, the others have other markers.
    """
    figure, axes = new_figure(width=8.0, height=4.2)
    with styled():
        for place, (runtime, points) in enumerate(networks.items()):
            marks: dict[str, Any] = {"markersize": 6, "fillstyle": ("full", "none")[place % 2], "elinewidth": 1}
            for number, (name, (value, error, time)) in enumerate(points.items()):
                marks["fmt"] = MARKERS[(place + 2 * (number // len(SERIES))) % len(MARKERS)]
                axes.errorbar(time, value, yerr=error, color=series(number), label=f"{name}, {runtime}", **marks)
        axes.set_xscale("log")
        label(axes, "µs an event, one core", "efficiency")
        figure.legend(loc="outside right upper", fontsize=8)
    return figure


def vertex_resolution(widths: Mapping[str, Array], expected: Array) -> Figure:
    """Widths in um against tracks by name, each [bins, 5]: low and high edge, value, its interval; ``expected`` [points, 2] as a line."""
    figure, axes = new_figure()
    with styled():
        for place, (name, bins) in enumerate(widths.items()):
            if not len(bins):
                continue
            low, high, value, below, above = bins.T
            spread: Any = [value - below, above - value]
            middle = np.sqrt(low * high) * (1 + 0.02 * place)
            axes.errorbar(middle, value, yerr=spread, fmt=MARKERS[place % len(MARKERS)], color=series(place), markersize=4, label=name)
        axes.plot(*expected.T, color=MUTED, linewidth=1.0)
        axes.set(xscale="log", yscale="log")
        label(axes, "tracks of the vertex", "resolution in z [µm]")
        figure.legend(loc="outside lower left", ncols=3)
    return figure


def vertex_event(histograms: Mapping[str, Array], low: float, width: float, found: Array, true: Array) -> Figure:
    """Histograms by name along the beam from ``low`` in bins of ``width`` mm, one a row; ``found`` and ``true`` vertices [n, 2]."""
    figure, first = new_figure(height=2.0 + 1.5 * len(histograms))
    with styled():
        first.remove()
        rows = figure.subplots(len(histograms), 1, sharex=True, squeeze=False)[:, 0]
        some = next(iter(histograms.values()))
        centres = low + (np.arange(len(some)) + 0.5) * width
        for place, (axes, (name, values)) in enumerate(zip(rows, histograms.items(), strict=True)):
            axes.plot(centres, values, color=series(place), linewidth=1.0, drawstyle="steps-mid")
            top = 1.25 * max(float(np.max(values)), 1e-3)
            axes.set_ylim(0, top)
            wanted = true[:, 1] >= _WANTED
            axes.plot(true[wanted, 0], np.full(wanted.sum(), 0.95 * top), "v", color=series(2), markersize=5, label="true")
            axes.plot(
                true[~wanted, 0], np.full((~wanted).sum(), 0.95 * top), "v", color=MUTED, markersize=4, mfc="none", label="true, few tracks"
            )
            if place == len(histograms) - 1:
                axes.plot(found[:, 0], np.full(len(found), 0.85 * top), "^", color=series(3), markersize=5, label="found")
                figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=3)
            label(axes, "z [mm]" if place == len(histograms) - 1 else "", name)
        known = np.concatenate([found[:, 0], true[:, 0], [0.0]])
        rows[0].set_xlim(max(low, known.min() - _MARGIN), min(low + len(some) * width, known.max() + _MARGIN))
    return figure
