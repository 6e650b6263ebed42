"""Figure of one model against another: differences with their intervals, and how much worse is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from bartik.core import Interval
from bartik.plots.palette import INK, MARKERS, MUTED, series
from bartik.plots.style import new_figure, styled


def against(differences: Mapping[str, Mapping[str, Interval]], tolerance: Mapping[str, float], *, xlabel: str) -> Figure:
    """Differences by sample and metric, new less old, in one row a metric; a bar marks the ``tolerance`` on the side of what is worse.

    A negative tolerance stands for a metric of which less is better: its bar is on the right.
    """
    figure, axes = new_figure()
    metrics = list(dict.fromkeys(metric for found in differences.values() for metric in found))
    with styled():
        axes.axvline(0, color=INK, linewidth=1)
        for row, metric in enumerate(metrics):
            if metric in tolerance:
                axes.plot([-tolerance[metric]] * 2, [row - 0.35, row + 0.35], color=INK, linewidth=2, label=None if row else "tolerance")
        for place, (sample, found) in enumerate(differences.items()):
            rows = [metrics.index(metric) + 0.18 * (place - (len(differences) - 1) / 2) for metric in found]
            values = [interval.value for interval in found.values()]
            spread = [[i.value - i.low for i in found.values()], [i.high - i.value for i in found.values()]]
            look: dict[str, Any] = {"color": series(place), "marker": MARKERS[place % len(MARKERS)], "linestyle": "none"}
            axes.errorbar(values, rows, xerr=spread, markersize=6, linewidth=1.4, capsize=2, label=sample, **look)
        axes.set_yticks(range(len(metrics)), metrics)
        axes.set_ylim(len(metrics) - 0.5, -0.5)
        axes.grid(axis="x", color=MUTED, alpha=0.3)
        axes.set_xlabel(xlabel, loc="right")
        figure.legend(loc="outside lower left", ncols=4, title=None)
    return figure
