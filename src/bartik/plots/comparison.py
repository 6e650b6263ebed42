"""Figure of two or more samples of one quantity: their distributions above, their ratio to the last of them below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import DASHES, MUTED, series
from bartik.plots.style import label, new_figure, styled


def distributions(samples: Mapping[str, Array], edges: Sequence[float], xlabel: str, *, log: bool = False, ratio: bool = True) -> Figure:
    """Densities of the ``samples`` by name in bins of ``edges``; bars are statistical, one entry one count. ``log`` of the axis of x.

    With ``ratio`` those of all but the last over the last are below.
    """
    if not ratio:
        return _densities(samples, edges, xlabel, log=log)
    with styled():
        figure = Figure(figsize=(5.8, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1))
        *_, (last, last_error) = densities = [_density(values, edges) for values in samples.values()]
        for number, (name, (density, error)) in enumerate(zip(samples, densities, strict=True)):
            _steps(above, edges, density, error, number, name)
            if number < len(samples) - 1:
                _steps(below, edges, *_ratio(density, error, last, last_error), number, name)
        above.set_ylim(bottom=0)
        below.set(ylim=(0.5, 1.5), xlim=(edges[0], edges[-1]))
        below.axhline(1, color=MUTED, linewidth=0.8)
        if log:
            below.set_xscale("log")
        label(above, "", "density")
        label(below, xlabel, "ratio")
        above.legend()
    return figure


def _densities(samples: Mapping[str, Array], edges: Sequence[float], xlabel: str, *, log: bool) -> Figure:
    figure, axes = new_figure()
    with styled():
        for number, (name, values) in enumerate(samples.items()):
            _steps(axes, edges, *_density(values, edges), number, name)
        axes.set(xlim=(edges[0], edges[-1]), xscale="log" if log else "linear")
        axes.set_ylim(bottom=0)
        label(axes, xlabel, "density")
        axes.legend()
    return figure


def _density(values: Array, edges: Sequence[float]) -> tuple[Array, Array]:
    counts = np.histogram(values, edges)[0]
    scale = np.diff(np.asarray(edges)) * max(len(values), 1)
    return counts / scale, np.sqrt(counts) / scale


def _ratio(density: Array, error: Array, last: Array, last_error: Array) -> tuple[Array, Array]:
    """Ratio and its error, NaN where either has no entries."""
    filled = (density > 0) & (last > 0)
    safe, safe_last = np.where(filled, density, np.nan), np.where(filled, last, np.nan)
    return safe / safe_last, safe / safe_last * np.hypot(error / safe, last_error / safe_last)


def _steps(axes: Axes, edges: Sequence[float], heights: Array, errors: Array, number: int, name: str) -> None:
    colour = series(number)
    middle = (np.asarray(edges)[1:] + np.asarray(edges)[:-1]) / 2
    axes.stairs(heights, edges, color=colour, linewidth=1.5, linestyle=DASHES[number % len(DASHES)], label=name)
    axes.errorbar(middle, heights, yerr=errors, fmt="none", ecolor=colour, elinewidth=0.8)
