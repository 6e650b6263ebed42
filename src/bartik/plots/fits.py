"""Figures of fits: projections with pulls, a plane of data and fit, correlations of parameters, pulls of toys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import DASHES, INK, MUTED, PAPER, series
from bartik.plots.style import label, new_figure, styled

_MOST_TICKS = 40
_SHADES = 40
"""Colours of a scale: the colour bar of fifty and more is an image, which pages do not take."""


def projection(edges: Array, counts: Array, parts: Mapping[str, Array], xlabel: str, *, logarithmic: bool = False) -> Figure:
    """Events in bins [bins] of ``edges`` [bins + 1], what each of ``parts`` expects there, their sum, and pulls below.

    A pull is the difference over the square root of what is expected.
    """
    with styled():
        figure = Figure(figsize=(5.8, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        upper, lower = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
        middle, total = 0.5 * (edges[1:] + edges[:-1]), np.sum(list(parts.values()), axis=0)
        upper.errorbar(middle, counts, yerr=np.sqrt(counts), fmt="o", markersize=2.5, color=INK, elinewidth=0.8, label="data")
        upper.plot(middle, total, color=series(0), label="fit")
        for place, (name, values) in enumerate(parts.items() if len(parts) > 1 else (), 1):
            upper.plot(middle, values, color=series(place), linestyle=DASHES[place % len(DASHES)], linewidth=1.3, label=name)
        pulls = (counts - total) / np.sqrt(np.maximum(total, 1e-9))
        lower.bar(middle, np.where(total > 0.5, pulls, 0.0), width=np.diff(edges), color=series(0))
        if logarithmic:
            upper.set_yscale("log")
            upper.set_ylim(bottom=0.5)
        else:
            upper.set_ylim(bottom=0)
        lower.set(xlim=(edges[0], edges[-1]), ylim=(-5, 5), yticks=(-3, 0, 3))
        label(upper, "", "candidates a bin")
        label(lower, xlabel, "pull")
        upper.legend()
    return figure


def plane(edges: Sequence[Array], counts: Array, expected: Array, labels: tuple[str, str]) -> Figure:
    """Events [x bins, y bins], what a fit expects, and the pulls where it expects five or more."""
    with styled():
        figure = Figure(figsize=(9.2, 3.3), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, 3, sharex=True, sharey=True)
        top = max(float(counts.max()), 2.0)
        heat = LinearSegmentedColormap.from_list("counts", [PAPER, series(0), INK], N=_SHADES)
        for one, title, values in ((axes[0], "data", counts), (axes[1], "fit", expected)):
            shown = one.pcolormesh(*edges, np.where(values > 0.3, values, np.nan).T, cmap=heat, norm=LogNorm(0.3, top))
            one.set_title(title, fontsize=10)
        figure.colorbar(shown, ax=axes[1], label="events a bin")
        pulls = np.where(expected >= 5, (counts - expected) / np.sqrt(np.maximum(expected, 1e-9)), np.nan)
        both = LinearSegmentedColormap.from_list("pulls", [series(0), PAPER, series(1)])
        shown = axes[2].pcolormesh(*edges, pulls.T, cmap=both, norm=BoundaryNorm(np.arange(-5, 6), 256))
        axes[2].set_title("pull", fontsize=10)
        figure.colorbar(shown, ax=axes[2])
        for one in axes:
            one.grid(visible=False)
            label(one, labels[0], labels[1] if one is axes[0] else "")
    return figure


def correlations(names: Sequence[str], matrix: Array) -> Figure:
    """Correlations [p, p] of the parameters of a fit."""
    size = min(7.5, 2.6 + 0.22 * len(names))
    figure, axes = new_figure(width=size + 1, height=size)
    with styled():
        both = LinearSegmentedColormap.from_list("correlation", [series(0), PAPER, series(1)], N=_SHADES)
        places = np.arange(len(names) + 1) - 0.5
        shown = axes.pcolormesh(places, places, matrix, cmap=both, vmin=-1, vmax=1)
        axes.set(aspect="equal", ylim=(places[-1], places[0]))
        every = range(0, len(names), -(-len(names) // _MOST_TICKS))
        axes.set_xticks(every, [names[place] for place in every], rotation=90, fontsize=7)
        axes.set_yticks(every, [names[place] for place in every], fontsize=7)
        axes.grid(visible=False)
        figure.colorbar(shown, ax=axes, label="correlation")
    return figure


def pull_distributions(pulls: Mapping[str, Array]) -> Figure:
    """Pulls of toys by name of the fit, all parameters together, as densities; the curve is the standard normal distribution."""
    figure, axes = new_figure()
    with styled():
        edges = np.linspace(-4, 4, 33)
        for place, (name, values) in enumerate(pulls.items()):
            flat = values.reshape(-1)
            shown = f"{name}: mean {flat.mean():.2f}, width {flat.std(ddof=1):.2f}"
            heights, _ = np.histogram(np.clip(flat, -3.999, 3.999), edges)
            axes.stairs(heights / heights.sum() / 0.25, edges, color=series(place), linestyle=DASHES[place], linewidth=1.4, label=shown)
        x = np.linspace(-4, 4, 201)
        axes.plot(x, np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi), color=MUTED, linewidth=1.2, label="N(0, 1)")
        label(axes, "(fitted value less true one) / error", "density")
        figure.legend(loc="outside lower left", ncols=2)
    return figure


def pulls_by_parameter(names: Sequence[str], mean: Array, width: Array, errors: tuple[Array, Array]) -> Figure:
    """Mean and width [p] of the pulls of each parameter, with their errors; wanted are 0 and 1."""
    figure, axes = new_figure(height=1.4 + 0.19 * len(names))
    with styled():
        places = np.arange(len(names))
        axes.errorbar(mean, places - 0.15, xerr=errors[0], fmt="o", markersize=3.5, color=series(0), label="mean")
        axes.errorbar(width, places + 0.15, xerr=errors[1], fmt="s", markersize=3.5, color=series(1), label="width")
        for wanted in (0, 1):
            axes.axvline(wanted, color=MUTED, linewidth=1, linestyle=DASHES[1])
        axes.set_yticks(places, names, fontsize=8)
        axes.invert_yaxis()
        label(axes, "mean and width of the pulls", "")
        figure.legend(loc="outside lower left", ncols=2)
    return figure
