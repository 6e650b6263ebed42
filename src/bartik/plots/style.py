"""One style for all figures: sans-serif of the mplhep fonts, thin frame, ticks inside as particle physics draws them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import mplhep  # noqa: F401 - makes its fonts, TeX Gyre Heros among them, known to matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bartik.plots.palette import FRAME, GRID, INK, MUTED, PAPER

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["TeX Gyre Heros", "Liberation Sans", "DejaVu Sans"],
    "mathtext.fontset": "custom",
    "mathtext.rm": "TeX Gyre Heros",
    "mathtext.it": "TeX Gyre Heros:italic",
    "mathtext.bf": "TeX Gyre Heros:bold",
    "mathtext.cal": "TeX Gyre Heros:italic",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FRAME,
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "figure.facecolor": PAPER,
    "xtick.color": FRAME,
    "ytick.color": FRAME,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.pad": 5,
    "ytick.major.pad": 5,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "svg.fonttype": "path",
    "svg.hashsalt": "bartik",
    "svg.id": None,
}


@contextmanager
def styled() -> Iterator[None]:
    """Our style for what is drawn or written inside, whatever the user's matplotlibrc says."""
    defaults: dict[Any, Any] = dict(mpl.rcParamsDefault)
    defaults.pop("backend")  # the user's choice, which nothing here asks for
    with mpl.rc_context(defaults | STYLE):
        yield


def new_figure(*, width: float = 5.8, height: float = 3.9) -> tuple[Figure, Axes]:
    """An empty figure of our style, in inches, and its axes; no window, no pyplot."""
    with styled():
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        return figure, figure.add_subplot()


def label(axes: Axes, x: str, y: str) -> None:
    """Axis labels at the far ends, as is the custom; units in square brackets."""
    axes.set_xlabel(x, loc="right")
    axes.set_ylabel(y, loc="top")
