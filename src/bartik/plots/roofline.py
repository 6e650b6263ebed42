"""The roofline: what a machine can do at an intensity, and where layers are (Williams, Waterman and Patterson, CACM 52 (2009) 65)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from bartik.plots.palette import DASHES, INK, MARKERS, MUTED, PAPER, series
from bartik.plots.style import label, new_figure, styled


@dataclass(frozen=True)
class Point:
    """A layer: floating-point operations a byte, and thousand millions of them a second."""

    name: str
    intensity: float
    gflops: float
    whole: bool = False


def roofline(points: Sequence[Point], peak: float, bandwidths: Mapping[str, float]) -> Figure:
    """Layers below the roofs of ``peak`` GFLOP/s and of each bandwidth in GB/s; those without multiply-adds are left out."""
    figure, axes = new_figure(width=6.4, height=4.4)
    shown = [point for point in points if point.gflops > 0 and point.intensity > 0]
    intensities = [point.intensity for point in shown] or [1.0]
    low, high = min([*intensities, 0.5]) / 2, max([*intensities, 50.0]) * 4
    grid = np.geomspace(low, high, 200)
    with styled():
        for number, (name, bandwidth) in enumerate(bandwidths.items()):
            roof = np.minimum(peak, bandwidth * grid)
            axes.plot(grid, roof, color=MUTED, linestyle=DASHES[number % len(DASHES)], linewidth=1.2, label=f"{name}: {bandwidth:.0f} GB/s")
        for number, point in enumerate(shown):
            marker = "*" if point.whole else MARKERS[number % len(MARKERS)]
            size = 170 if point.whole else 46
            colour = INK if point.whole else series(number)
            axes.scatter(
                [point.intensity], [point.gflops], s=size, marker=marker, color=colour, edgecolor=PAPER, zorder=3, label=point.name
            )
        axes.annotate(f"{peak:.0f} GFLOP/s", (high, peak), ha="right", va="bottom", color=MUTED, fontsize=9)
        axes.set(xscale="log", yscale="log", xlim=(low, high))
        axes.set_ylim(min([point.gflops for point in shown] or [1.0]) / 3, 2 * peak)
        label(axes, "floating-point operations a byte", "GFLOP/s")
        figure.legend(loc="outside right upper", fontsize=9)
    return figure
