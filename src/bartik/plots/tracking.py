"""Figures of track finding: efficiencies side by side, and what takes the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import MARKERS, MUTED, series
from bartik.plots.style import label, new_figure, styled


def efficiency_curves(curves: Mapping[str, Array], variable: str, what: str, *, logarithmic: bool = False) -> Figure:
    """Efficiencies by name, each [bins, 5]: low and high edge, value, ends of its interval; ``variable`` may be ``logarithmic``."""
    figure, axes = new_figure()
    with styled():
        lowest = 1.0
        for place, (name, bins) in enumerate(curves.items()):
            if not len(bins):
                continue
            low, high, value, below, above = bins.T
            spread: Any = [np.maximum(value - below, 0), np.maximum(above - value, 0)]
            middle = (low + high) / 2
            axes.errorbar(
                middle,
                value,
                xerr=(high - low) / 2,
                yerr=spread,
                fmt=MARKERS[place % len(MARKERS)],
                color=series(place),
                markersize=4,
                linewidth=1.2,
                label=name,
            )
            lowest = min(lowest, float(below.min()))
        if logarithmic:
            axes.set_xscale("log")
        axes.set_ylim(max(0.0, lowest - 0.05), 1.02)
        label(axes, variable, what)
        if axes.get_legend_handles_labels()[0]:
            figure.legend(loc="outside lower left", ncols=3)
    return figure


def stage_times(milliseconds: Mapping[str, float]) -> Figure:
    """Mean time an event spends in each stage, by name, in ms."""
    figure, axes = new_figure(height=2.9)
    with styled():
        names, values = list(milliseconds), list(milliseconds.values())
        bars = axes.barh(names, values, color=series(0), height=0.6)
        axes.bar_label(bars, [f" {value:.2g}" for value in values], fontsize=9, color=MUTED)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.15 * max(values, default=1.0))
        axes.grid(visible=False, axis="y")
        label(axes, "ms an event", "")
    return figure


def time_by_size(points: Mapping[str, tuple[Array, Array]], variable: str) -> Figure:
    """Time of each event in ms against its size, by name, both axes logarithmic."""
    figure, axes = new_figure()
    with styled():
        for place, (name, (sizes, milliseconds)) in enumerate(points.items()):
            axes.scatter(
                sizes, milliseconds, s=9, alpha=0.7, linewidths=0, color=series(place), marker=MARKERS[place % len(MARKERS)], label=name
            )
        axes.set(xscale="log", yscale="log")
        label(axes, variable, "ms an event")
        figure.legend(loc="outside lower left", ncols=3)
    return figure
