"""Figures of a classifier: ROC, efficiency in bins, scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bartik.core import Array, Interval
from bartik.plots.palette import DASHES, INK, MARKERS, MUTED, series
from bartik.plots.style import label, new_figure, styled

_POINTS = 400  # of a curve: more than the figure has pixels to show


class Binned(Protocol):
    """Values in bins: what `bartik.metrics.BinnedEfficiency` is."""

    @property
    def edges(self) -> tuple[float, ...]:
        """One more than ``values``."""
        ...

    @property
    def values(self) -> tuple[Interval | None, ...]:
        """Nothing where a bin is empty."""
        ...


def roc(
    curves: Mapping[str, tuple[Array, Array]],
    *,
    signal: str = "signal",
    background: str = "background",
    from_efficiency: float = 0.9,
    working_points: Mapping[str, tuple[float, float]] | None = None,
) -> Figure:
    """Share of background that is kept against signal efficiency, where a trigger works: 0.9 and above.

    ``curves`` by name: signal efficiency and background rejection, each [points], as `bartik.metrics.Roc` has them;
    ``working_points`` by name: efficiency and rejection. Lower is better; a kept share of 0 lies below the frame.
    """
    figure, axes = new_figure()
    with styled():
        for number, (name, (efficiency, rejection)) in enumerate(curves.items()):
            x, y = _visible(np.asarray(efficiency, float), 1 - np.asarray(rejection, float), from_efficiency)
            axes.plot(x, y, color=series(number), linestyle=DASHES[number % len(DASHES)], label=name, drawstyle="steps-pre")
        for name, (at, rejected) in (working_points or {}).items():
            _mark(axes, name, at, 1 - rejected)
        label(axes, f"{signal} efficiency", f"{background} kept")
        axes.set(xlim=(from_efficiency, 1), yscale="log", ylim=(_floor(axes), 1.0))
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0 if from_efficiency < 0.97 else 1))
        axes.yaxis.set_major_formatter(_percent)
        axes.legend(loc="best")
    return figure


def efficiency_in_bins(
    binned: Mapping[str, Binned],
    xlabel: str,
    *,
    ylabel: str = "efficiency",
    xscale: Literal["linear", "log"] = "linear",
    capped: bool = True,
) -> Figure:
    """Efficiency with its interval in bins of a variable, one marker a model; ``xlabel`` names the unit.

    With ``xscale="log"`` the edges must be above zero, and markers sit in the middle of a bin as it is drawn. Not ``capped`` are
    efficiencies from weights of both signs, which may be outside of 0 and 1.
    """
    figure, axes = new_figure()
    with styled():
        for number, (name, values) in enumerate(binned.items()):
            _errorbars(axes, name, values, number, len(binned), log=xscale == "log")
        axes.set_xscale(xscale)
        label(axes, xlabel, ylabel)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.margins(y=0.12)
        low, high = axes.get_ylim()
        if capped:
            axes.set_ylim(max(low, -0.02), min(high, 1.02))
        axes.legend(loc="best")
    return figure


def score_histogram(
    scores: Array,
    target: Array,
    threshold: float | None = None,
    *,
    classes: tuple[str, str] = ("background", "signal"),
    xlabel: str = "score",
    bins: int = 50,
) -> Figure:
    """Scores of both classes, each normalised to 1, on a logarithmic axis; ``target`` is 1 for the second class."""
    values, truth = np.ravel(scores), np.ravel(target) > 0.5
    edges = np.linspace(min(0.0, float(values.min())), max(1.0, float(values.max())), bins + 1)
    figure, axes = new_figure()
    with styled():
        for number, name in enumerate(classes):
            mine = values[truth == bool(number)]
            share = np.histogram(mine, edges)[0] / max(mine.size, 1)
            colour = series(1 - number)
            mplhep.histplot(share, edges, ax=axes, label=name, color=colour, linestyle=DASHES[1 - number], edges=False)
            axes.stairs(share, edges, fill=True, color=colour, alpha=0.14, linewidth=0)
        if threshold is not None:
            axes.axvline(threshold, color=INK, linewidth=1, label=f"working point {threshold:.3g}")
        label(axes, xlabel, f"share of candidates / {edges[1] - edges[0]:.2g}")
        axes.set(yscale="log", xlim=(edges[0], edges[-1]))
        axes.legend(loc="best")
    return figure


def _visible(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], start: float) -> tuple[Array, Array]:
    """The part of a curve at ``x >= start``, thinned evenly in x; its first point is kept so that it meets the frame."""
    first = max(int(np.searchsorted(x, start)) - 1, 0)
    x, y = x[first:], y[first:]
    if x.size > _POINTS:
        wanted = np.searchsorted(x, np.linspace(x[0], x[-1], _POINTS))
        keep = np.unique(np.clip(np.append(wanted, [0, x.size - 1]), 0, x.size - 1))
        x, y = x[keep], y[keep]
    return x, np.where(y > 0, y, np.nan)


def _floor(axes: Axes) -> float:
    """The decade, or a half of it, below the lowest point in sight."""
    drawn = [np.asarray(line.get_ydata(), float) for line in axes.get_lines()]
    lowest = min((float(np.nanmin(y)) for y in drawn if y.size and not np.isnan(y).all()), default=0.01)
    exponent = np.floor(np.log10(min(max(lowest, 1e-6), 0.1)))
    return float(10.0**exponent * (3 if lowest > 3.3 * 10.0**exponent else 1))


def _mark(axes: Axes, name: str, x: float, y: float) -> None:
    axes.plot([x], [y], marker="o", markersize=6, color=INK, markerfacecolor="none", linestyle="none")
    axes.annotate(name, (x, y), xytext=(-8, 6), textcoords="offset points", ha="right", fontsize=9.5, color=MUTED)


def _percent(value: float, _position: float = 0) -> str:
    return f"{100 * value:g}%"


def _errorbars(axes: Axes, name: str, values: Binned, number: int, of: int, *, log: bool) -> None:
    edges, filled = np.asarray(values.edges, float), [(i, v) for i, v in enumerate(values.values) if v is not None]
    index = np.array([i for i, _ in filled], dtype=int)
    low, high = (np.log(edges[bound]) if log else edges[bound] for bound in (index, index + 1))
    middle = (low + high) / 2 + 0.14 * (high - low) * (number - (of - 1) / 2)
    places = np.exp(middle) if log else middle
    y = np.array([v.value for _, v in filled])
    errors = np.array([[v.value - v.low for _, v in filled], [v.high - v.value for _, v in filled]])
    style: dict[str, Any] = {
        "color": series(number),
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 5,
        "linestyle": "none",
        "elinewidth": 1.3,
    }
    axes.errorbar(places, y, yerr=errors, label=name, **style)
    axes.hlines(y, edges[index], edges[index + 1], color=series(number), linewidth=0.9, alpha=0.55)
