"""Figure of scaling: what more threads, or more copies at once, bring against one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bartik.core import Interval
from bartik.plots.palette import DASHES, MARKERS, MUTED, series
from bartik.plots.style import new_figure, styled


def scaling(gains: Mapping[str, Sequence[tuple[int, Interval]]], *, xlabel: str) -> Figure:
    """Throughput against that of one, by name: numbers of threads or copies with the gain and its interval; the dotted line is ideal."""
    figure, axes = new_figure()
    with styled():
        numbers = sorted({number for points in gains.values() for number, _ in points})
        axes.plot(numbers, numbers, color=MUTED, linestyle=(0, (1, 2)), linewidth=1, label="ideal")
        for place, (name, points) in enumerate(gains.items()):
            at, values = [number for number, _ in points], [gain.value for _, gain in points]
            spread = [[gain.value - gain.low for _, gain in points], [gain.high - gain.value for _, gain in points]]
            look: dict[str, Any] = {
                "color": series(place),
                "marker": MARKERS[place % len(MARKERS)],
                "linestyle": DASHES[place % len(DASHES)],
            }
            axes.errorbar(at, values, yerr=spread, markersize=5, linewidth=1.4, capsize=2, label=name, **look)
        axes.set_xlabel(xlabel, loc="right")
        axes.set_ylabel("throughput, one = 1", loc="top")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside lower left", ncols=4, title=None)
    return figure
