"""Figure of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from bartik.plots.palette import DASHES, INK, series
from bartik.plots.style import label, new_figure, styled


def training_history(history: Mapping[str, Sequence[float]], *, best: int | None = None, ylabel: str = "loss") -> Figure:
    """Curves by name over epochs, counted from 1; ``best`` is the epoch whose weights were kept."""
    figure, axes = new_figure()
    with styled():
        for number, (name, values) in enumerate(history.items()):
            axes.plot(np.arange(1, len(values) + 1), values, color=series(number), linestyle=DASHES[number % len(DASHES)], label=name)
        if best is not None:
            axes.axvline(best, color=INK, linewidth=1, label=f"kept: epoch {best}")
        label(axes, "epoch", ylabel)
        if all(value > 0 for values in history.values() for value in values) and _spans(history) > 5:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(_short)
            axes.yaxis.set_minor_formatter(_short if _spans(history) < 30 else NullFormatter())
            axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5) if _spans(history) < 30 else "auto"))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="best")
    return figure


def _spans(history: Mapping[str, Sequence[float]]) -> float:
    values = [value for curve in history.values() for value in curve]
    return max(values) / min(values) if values else 1.0


def _short(value: float, _position: float = 0) -> str:
    return f"{value:g}"
