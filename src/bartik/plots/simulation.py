"""Figure of how far two samples are apart in each of many quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import DASHES, INK, MARKERS, series
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
