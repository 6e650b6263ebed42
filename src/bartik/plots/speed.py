"""Figure of speed: time per candidate by backend and batch, against the trigger's budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bartik.plots.palette import INK, MUTED, PAPER, series
from bartik.plots.style import new_figure, styled
from bartik.plots.times import nanoseconds

BUDGET_SHARES = (1.0, 0.05, 0.01)
"""Shares of an event's time that a model may be thought to take: all of it, 5%, 1%."""


@dataclass(frozen=True)
class Measured:
    """Time of one backend at one batch size, in nanoseconds per candidate."""

    backend: str
    batch: int
    ns_per_candidate: float


def benchmark(
    measured: Sequence[Measured], *, candidates_per_event: float | None = None, budget_us: float = 10.9, xlabel: str = "time per candidate"
) -> Figure:
    """Bars, one group a backend, one bar a batch size, on a logarithmic axis with the number at the end of each bar.

    With ``candidates_per_event`` come lines at ``budget_us`` microseconds an event (the first trigger stage's 10.9, per
    GPU) and at 5% and 1% of it, each divided by the candidates of an event.
    """
    batches = sorted({m.batch for m in measured})
    backends = list(dict.fromkeys(m.backend for m in measured))
    rows = sum(sum(m.backend == backend for m in measured) for backend in backends)
    figure, axes = new_figure(height=1.4 + 0.23 * rows + 0.14 * len(backends))
    with styled():
        ticks = _bars(axes, measured, backends, batches)
        axes.set_yticks(list(ticks.values()), list(ticks), color=INK)
        axes.tick_params(axis="y", length=0)
        axes.set_xscale("log")
        lines = [] if candidates_per_event is None else [share * budget_us * 1000 / candidates_per_event for share in BUDGET_SHARES]
        _limits(axes, [m.ns_per_candidate for m in measured] + lines)
        for share, line in zip(BUDGET_SHARES, lines, strict=False):
            _budget_line(axes, line, f"{budget_us:g} µs an event" if share == 1 else f"{100 * share:g}%")
        axes.set_xlabel(xlabel, loc="right")
        axes.xaxis.set_major_formatter(_tick)
        axes.grid(visible=False, axis="y")
        axes.invert_yaxis()
        figure.legend(loc="outside lower left", ncols=len(batches), title=None)
    return figure


def _bars(axes: Axes, measured: Sequence[Measured], backends: list[str], batches: list[int]) -> dict[str, float]:
    """Draw all bars; the height of each backend's label."""
    place, ticks, seen = 0.0, {}, set()
    for backend in backends:
        mine = sorted((m for m in measured if m.backend == backend), key=lambda m: m.batch)
        ticks[backend] = place + (len(mine) - 1) / 2
        for one in mine:
            name = None if one.batch in seen else f"batch {one.batch}"
            seen.add(one.batch)
            axes.barh(place, one.ns_per_candidate, height=0.82, color=series(batches.index(one.batch)), label=name, linewidth=0)
            text: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
            box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}
            axes.annotate(nanoseconds(one.ns_per_candidate), (one.ns_per_candidate, place), color=INK, bbox=box, zorder=4, **text)
            place += 1
        place += 0.6
    return ticks


def _limits(axes: Axes, values: Sequence[float]) -> None:
    axes.set_xlim(min(values) / 4, max(values) * 4)


def _budget_line(axes: Axes, value: float, text: str) -> None:
    axes.axvline(value, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=3)
    axes.annotate(
        text,
        (value, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=MUTED,
    )


def _tick(value: float, _position: float = 0) -> str:
    return nanoseconds(value)
