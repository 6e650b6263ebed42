"""Figures of particle identification: ROC of every species, efficiency and misidentification in bins, reliability, a sign test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from bartik.core import Array
from bartik.plots.palette import DASHES, INK, MARKERS, MUTED, series
from bartik.plots.style import label, new_figure, styled


def species_roc(curves: Mapping[str, Mapping[str, Array]], names: Mapping[str, str] | None = None) -> Figure:
    """Share of all others that is kept against efficiency: by species, by model [2, points], efficiency and rejection. Lower is better."""
    with styled():
        figure = Figure(figsize=(7.2, 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, (len(curves) + 1) // 2, sharex=True, sharey=True, squeeze=False)
        for axes, (species, models) in zip(panels.flat, curves.items(), strict=False):
            for number, (model, (efficiency, rejection)) in enumerate(models.items()):
                kept = np.where(rejection < 1, 1 - rejection, np.nan)
                look: dict[str, Any] = {"color": series(number), "linestyle": DASHES[number % len(DASHES)], "linewidth": 1.4}
                axes.plot(efficiency, kept, label=model if axes is panels.flat[0] else None, **look)
            axes.set(yscale="log", ylim=(1e-4, 1), xlim=(0.4, 1))
            axes.text(0.05, 0.9, (names or {}).get(species, species), transform=axes.transAxes)
            axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
        figure.supxlabel("efficiency", fontsize=11, x=0.95, ha="right")
        figure.supylabel("others kept", fontsize=11, y=0.95, va="top")
        figure.legend(loc="outside lower left", ncols=5, fontsize=9)
    return figure


def kept_in_bins(
    right: Mapping[str, Array], wrong: Mapping[str, Array], xlabel: str, *, names: tuple[str, str], log: bool = False
) -> Figure:
    """What passes a cut of the right species, above, and of a wrong one, below: by model [bins, 5], edges, value, low and high."""
    with styled():
        figure = Figure(figsize=(5.8, 4.8), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 1, sharex=True)
        for axes, found, name in zip(panels, (right, wrong), names, strict=True):
            for number, (model, bins) in enumerate(found.items()):
                low, high, value, below, above = bins.T
                middle = np.sqrt(low * high) if log else (low + high) / 2
                spread = [np.maximum(value - below, 0), np.maximum(above - value, 0)]
                look: dict[str, Any] = {"color": series(number), "marker": MARKERS[number % len(MARKERS)], "markersize": 4}
                axes.errorbar(middle, value, yerr=spread, linestyle=DASHES[number], linewidth=0.9, elinewidth=1.1, label=model, **look)
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
            axes.set_ylim(bottom=0)
            label(axes, "", name)
        if log:
            panels[1].set_xscale("log")
            panels[1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        label(panels[1], xlabel, names[1])
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=3, fontsize=9)
    return figure


def reliability(points: Mapping[str, Array]) -> Figure:
    """Share of a species against the probability that a model gives for it, by species [bins, 3]: mean probability, share, tracks."""
    figure, axes = new_figure()
    with styled():
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
        for number, (species, bins) in enumerate(points.items()):
            mean, share, rows = bins.T
            error = np.sqrt(np.maximum(share * (1 - share), 1 / (rows + 2)) / rows)
            look: dict[str, Any] = {"color": series(number), "marker": MARKERS[number % len(MARKERS)], "markersize": 4}
            axes.errorbar(mean, share, yerr=error, linestyle=DASHES[number], linewidth=0.8, elinewidth=1.1, label=species, **look)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        label(axes, "probability given", "share of tracks that are")
        axes.legend(loc="upper left", ncols=2)
    return figure


def paired_losses(first: Array, second: Array, *, names: tuple[str, str], what: str) -> Figure:
    """Of each seed, what two networks lose [seeds]; below the line the second loses less."""
    figure, axes = new_figure(height=4.2)
    with styled():
        ends = [min(float(first.min()), float(second.min()), 0.0), 1.08 * max(float(first.max()), float(second.max()), 1e-4)]
        axes.plot(ends, ends, color=INK, linewidth=0.9)
        axes.plot(first, second, linestyle="", marker=MARKERS[0], markersize=5, color=series(0))
        axes.set(xlim=ends, ylim=ends)
        label(axes, f"{what}, {names[0]}", f"{what}, {names[1]}")
    return figure


def named_intervals(rows: Sequence[tuple[str, float, float]], xlabel: str) -> Figure:
    """Values with their errors, one row a name."""
    figure, axes = new_figure(height=1.0 + 0.34 * len(rows))
    with styled():
        names, values, errors = zip(*rows, strict=True)
        places = np.arange(len(rows))
        axes.errorbar(values, places, xerr=errors, linestyle="", marker=MARKERS[0], markersize=5, color=series(0), elinewidth=1.3)
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        label(axes, xlabel, "")
    return figure
