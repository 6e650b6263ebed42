"""Figures of a monitor: drift of columns over time, a number over time against its reference, one column then and now, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.figure import Figure

from bartik.core import Array, Interval
from bartik.plots.palette import DASHES, INK, MUTED, PAPER, series
from bartik.plots.style import label, new_figure, styled

_STEPS = (0.0, 0.02, 0.05, 0.1, 0.25, 1.0)
"""Of the population stability index: below 0.1 the same population, above 0.25 another."""
_MOST_NAMES = 12


def drift_map(index: Array, columns: Sequence[str], slices: Sequence[str]) -> Figure:
    """Population stability index [columns, slices] as colours, time to the right."""
    figure, axes = new_figure(width=6.4, height=1.6 + 0.2 * len(columns))
    with styled():
        colours = LinearSegmentedColormap.from_list("drift", [PAPER, series(0), series(1)])
        shown = axes.pcolormesh(np.minimum(index, 0.999), cmap=colours, norm=BoundaryNorm(_STEPS, 256), edgecolor=PAPER, linewidth=0.4)
        axes.invert_yaxis()
        axes.set_yticks(np.arange(len(columns)) + 0.5, columns, fontsize=9)
        _times(axes, slices, 0.5)
        axes.grid(visible=False)
        bar = figure.colorbar(shown, ax=axes, pad=0.02)
        bar.set_label("population stability index")
    return figure


def over_time(
    values: Mapping[str, Sequence[Interval | None]], slices: Sequence[str], ylabel: str, reference: Mapping[str, float]
) -> Figure:
    """Numbers with intervals by name, a point a slice; the dashed line of each is its ``reference``, where it has one."""
    figure, axes = new_figure(width=6.4, height=3.2)
    with styled():
        for number, (name, found) in enumerate(values.items()):
            at = [place for place, one in enumerate(found) if one is not None]
            points = [one for one in found if one is not None]
            spread = [[one.value - one.low for one in points], [one.high - one.value for one in points]]
            middle = [one.value for one in points]
            axes.errorbar(at, middle, yerr=spread, fmt="o-", markersize=4, linewidth=1.2, color=series(number), label=name)
            if name in reference:
                axes.axhline(reference[name], color=series(number), linestyle=DASHES[1], linewidth=1)
        _times(axes, slices)
        label(axes, "", ylabel)
        figure.legend(loc="outside lower left", ncols=3)
    return figure


def then_and_now(edges: Array, reference: Array, now: Array, xlabel: str) -> Figure:
    """Shares of the bins of ``edges`` [bins + 1] in the reference and now [bins + 2], the outermost outside of the reference's range."""
    figure, axes = new_figure(height=3.2)
    with styled():
        places = np.arange(len(reference) + 1)
        for number, (name, counts) in enumerate({"reference": reference, "now": now}.items()):
            axes.stairs(counts / max(1, counts.sum()), places, color=series(number), linestyle=DASHES[number], linewidth=1.6, label=name)
        ticks = np.unique(np.linspace(0, len(edges) - 1, 6).astype(int))
        axes.set_xticks(1 + ticks, [f"{edges[tick]:.3g}" for tick in ticks])
        axes.set_ylim(bottom=0)
        label(axes, f"{xlabel} (bins of equal content)", "share")
        axes.legend()
    return figure


def calibration(points: Sequence[tuple[float, float, int]]) -> Figure:
    """Share of signal against mean score, in bins of the score with so many rows; the line is where both are the same."""
    figure, axes = new_figure(height=3.6)
    with styled():
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=DASHES[1])
        mean, share, rows = (np.array(column) for column in zip(*points, strict=True))
        error = np.sqrt(np.maximum(share * (1 - share), 1 / (rows + 2)) / rows)
        axes.errorbar(mean, share, yerr=error, fmt="o", markersize=4, color=INK, elinewidth=0.9)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        label(axes, "mean score", "share of signal")
    return figure


def _times(axes: Axes, slices: Sequence[str], middle: float = 0.0) -> None:
    every = max(1, -(-len(slices) // _MOST_NAMES))
    axes.set_xticks(np.arange(0, len(slices), every) + middle, slices[::every], rotation=35, ha="right", fontsize=8)
