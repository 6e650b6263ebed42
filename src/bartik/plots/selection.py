"""Figures of a selection: what it keeps against its output rate, of which decays, and how it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bartik.core import Array, Interval
from bartik.plots.palette import DASHES, INK, MARKERS, MUTED, series
from bartik.plots.style import label, new_figure, styled


def efficiency_against_rate(curves: Mapping[str, tuple[Array, Array]], *, at: Sequence[float] = (), least: float = 1.0) -> Figure:
    """By name: rates in kHz and efficiencies, each [points]; vertical lines at the rates of working points; drawn from ``least`` kHz on."""
    figure, axes = new_figure()
    with styled():
        for number, (name, (rate, efficiency)) in enumerate(curves.items()):
            shown = np.asarray(rate) >= least
            axes.plot(rate[shown], efficiency[shown], color=series(number), linestyle=DASHES[number % len(DASHES)], label=name)
        for place in at:
            axes.axvline(place, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        axes.set(xscale="log")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        label(axes, "output rate [kHz]", "decays kept")
        axes.legend(loc="best")
    return figure


def efficiency_by_name(values: Mapping[str, Sequence[Interval | None]], names: Sequence[str], xlabel: str = "decays kept") -> Figure:
    """Efficiencies of several models, one row a decay: ``values`` by model, as many as there are ``names``."""
    figure, axes = new_figure(height=1.1 + 0.3 * len(names))
    with styled():
        rows = np.arange(len(names))
        for number, (model, found) in enumerate(values.items()):
            shift = 0.16 * (number - (len(values) - 1) / 2)
            for row, value in zip(rows, found, strict=True):
                if value is not None:
                    axes.plot([value.low, value.high], [row + shift] * 2, color=series(number), linewidth=1.3)
            filled = [(row + shift, value.value) for row, value in zip(rows, found, strict=True) if value is not None]
            places, heights = np.array(filled).reshape(-1, 2).T
            axes.plot(heights, places, color=series(number), marker=MARKERS[number % len(MARKERS)], markersize=5, linestyle="", label=model)
        axes.set_yticks(rows, names)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        label(axes, xlabel, "")
        figure.legend(loc="outside lower left", ncols=3)
    return figure


def responses(curves: Mapping[str, Array], x: Array, xlabel: str, *, ylabel: str = "score", log: bool = True) -> Figure:
    """Scores by name along one variable, all else fixed."""
    figure, axes = new_figure()
    with styled():
        for number, (name, values) in enumerate(curves.items()):
            axes.plot(x, np.ravel(values), color=series(number), linestyle=DASHES[number % len(DASHES)], label=name)
        axes.set(xscale="log" if log else "linear")
        label(axes, xlabel, ylabel)
        axes.legend(loc="best")
    return figure


def certified_band(x: Array, curves: Mapping[str, Array], band: tuple[Array, Array], xlabel: str, *, name: str) -> Figure:
    """Efficiencies by name against a shift of the detector, and the ``band`` that ``name`` cannot leave."""
    figure, axes = new_figure()
    with styled():
        axes.fill_between(x, band[0], band[1], color=series(0), alpha=0.14, linewidth=0, label=f"certificate of {name}")
        for number, (model, values) in enumerate(curves.items()):
            axes.plot(x, values, color=series(number), marker=MARKERS[number % len(MARKERS)], markersize=4, label=model,
                      linestyle=DASHES[number % len(DASHES)])  # fmt: skip
        axes.axvline(1, color=INK, linewidth=0.7)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        label(axes, xlabel, "decays kept")
        axes.legend(loc="best")
    return figure
