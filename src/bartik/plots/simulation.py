"""Figures of how far two samples are apart in each of many quantities, and in bins of each of many cuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import DASHES, GRID, INK, MARKERS, series
from bartik.plots.style import label, new_figure, styled


def sample_distances(names: Sequence[str], values: Mapping[str, Array], target: float) -> Figure:
    """Kolmogorov-Smirnov distances [names] by sample, a marker each, and the ``target`` below which they should be."""
    figure, axes = new_figure(width=6.4, height=1.4 + 0.19 * len(names))
    with styled():
        rows = range(len(names))
        for number, (name, found) in enumerate(values.items()):
            axes.plot(found, rows, marker=MARKERS[number], color=series(number), linestyle="none", markersize=4.5, label=name)
        axes.axvline(target, color=INK, linewidth=1, linestyle=DASHES[1], label=f"target {target:g}")
        axes.set_yticks(rows, names, fontsize=8.5)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, 1.1 * max(target, *(float(found.max()) for found in values.values())))
        label(axes, "Kolmogorov-Smirnov distance", "")
        figure.legend(loc="outside upper left", ncols=3)
    return figure


def cut_differences(names: Sequence[str], values: Mapping[str, tuple[Array, Array]], wanted: float) -> Figure:
    """Differences of efficiencies in %, and their errors [names, bins] by sample, a dot each bin; shaded where they should be.

    NaN where a bin has too few tracks.
    """
    figure, axes = new_figure(width=6.4, height=1.4 + 0.24 * len(names))
    with styled():
        axes.axvspan(-wanted, wanted, color=GRID, linewidth=0, label=f"within {wanted:g}%")
        rows = np.arange(len(names))[:, np.newaxis]
        for number, (name, (found, error)) in enumerate(values.items()):
            place = np.broadcast_to(rows + 0.3 * (number - (len(values) - 1) / 2), found.shape)
            look: dict[str, Any] = {"fmt": MARKERS[number], "color": series(number), "markersize": 3.5, "elinewidth": 0.8, "label": name}
            axes.errorbar(found.ravel(), place.ravel(), xerr=error.ravel(), **look)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(rows[:, 0], names, fontsize=8.5)
        axes.set_ylim(len(names) - 0.4, -0.6)
        label(axes, "efficiency less that of the full simulation [%]", "")
        figure.legend(loc="outside upper left", ncols=3)
    return figure
