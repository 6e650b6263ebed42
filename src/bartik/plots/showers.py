"""Figures of showers: profiles along and across, resolution, separation powers, quality against time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import DASHES, INK, MARKERS, MUTED, series
from bartik.plots.style import label, new_figure, styled


def shower_profiles(along: Mapping[str, Array], across: Mapping[str, Array]) -> Figure:
    """Mean shares of the energy by name, [layers] and [rings]; the first is what the others are compared with."""
    with styled():
        figure = Figure(figsize=(8.2, 3.7), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        for axes, curves, xlabel in ((left, along, "layer"), (right, across, "ring")):
            for number, (name, values) in enumerate(curves.items()):
                style = {"color": INK if number == 0 else series(number - 1), "linewidth": 2.6 if number == 0 else 1.4}
                axes.plot(np.arange(len(values)), values, linestyle=DASHES[number % len(DASHES)], label=name, **style)
            label(axes, xlabel, "mean share of the energy")
            axes.set_yscale("log")
        left.legend(fontsize=9)
    return figure


def shower_response(edges: Array, mean: Mapping[str, Array], width: Mapping[str, Array]) -> Figure:
    """Mean response and relative resolution in bins of the incident energy, ``edges`` in GeV; [2, bins] of values and errors by name.

    Below the resolution it is over that of the first name, whose own error is the band.
    """
    first = width[next(iter(width))]
    with styled():
        figure = Figure(figsize=(8.2, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplot_mosaic([["response", "width"], ["response", "ratio"]], height_ratios=(3, 2))
        ratio = {name: values / first[:1] for name, values in width.items() if values is not first}
        for place, curves in (("response", mean), ("width", width), ("ratio", ratio)):
            _points(panels[place], edges, {name: curves[name] for name in mean if name in curves}, list(mean))
        panels["ratio"].stairs(
            1 + first[1] / first[0], edges, baseline=1 - first[1] / first[0], fill=True, color=MUTED, alpha=0.35, linewidth=0
        )
        label(panels["response"], "incident energy [GeV]", "response")
        label(panels["width"], "", "relative resolution")
        label(panels["ratio"], "incident energy [GeV]", f"over {next(iter(width))}")
        panels["width"].set_yscale("log")
        figure.legend(*panels["response"].get_legend_handles_labels(), loc="outside lower center", ncols=len(mean), fontsize=9)
    return figure


def _points(axes: Axes, edges: Array, curves: Mapping[str, Array], names: list[str]) -> None:
    """Values with errors, beside one another; the look is of the place among all ``names``."""
    for name, (values, errors) in curves.items():
        number = names.index(name)
        color, mark = INK if number == 0 else series(number - 1), MARKERS[number % len(MARKERS)]
        middle = np.sqrt(edges[1:] * edges[:-1]) * 1.03 ** (number - len(names) / 2)
        axes.errorbar(middle, values, yerr=errors, fmt=mark, label=name, color=color, markersize=4, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(0.85 * edges[0], 1.15 * edges[-1])


def separation_powers(powers: Mapping[str, Mapping[str, float]]) -> Figure:
    """Separation power of every observable by name of the sample: smaller is nearer."""
    figure, axes = new_figure(width=6.4, height=4.4)
    observables = list(next(iter(powers.values())))
    with styled():
        for number, (name, values) in enumerate(powers.items()):
            places = np.arange(len(observables)) + 0.1 * (number - (len(powers) - 1) / 2)
            heights = [max(values[key], 1e-8) for key in observables]
            axes.plot(
                heights, places, linestyle="none", marker=MARKERS[number % len(MARKERS)], color=series(number), label=name, markersize=5
            )
        axes.set_xscale("log")
        axes.set_yticks(range(len(observables)), observables)
        axes.invert_yaxis()
        label(axes, "separation power", "")
        axes.legend(fontsize=9)
    return figure


def quality_against_time(ours: Mapping[str, tuple[float, float]], others: Mapping[str, tuple[float, float]], floor: float) -> Figure:
    """AUC of a classifier against milliseconds a shower, of our models and of published ones; the line is the floor of ours."""
    figure, axes = new_figure(width=6.4, height=4.2)
    with styled():
        for number, (name, (time, area)) in enumerate(ours.items()):
            axes.plot(time, area, linestyle="none", marker=MARKERS[number % len(MARKERS)], color=series(number), markersize=8, label=name)
        for name, (time, area) in others.items():
            axes.plot(time, area, linestyle="none", marker=".", color=MUTED)
            axes.annotate(name, (time, area), xytext=(3, 3), textcoords="offset points", fontsize=7, color=MUTED)
        axes.axhline(floor, color=INK, linewidth=1, linestyle=(0, (4, 3)), label="floor")
        axes.set_xscale("log")
        label(axes, "ms a shower, batch 100", "AUC of a classifier, low level")
        axes.legend(fontsize=9)
    return figure
