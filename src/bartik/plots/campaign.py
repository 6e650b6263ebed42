"""Figures of a campaign: its course, its front, what mattered, and the values of all trials side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bartik.plots.palette import FRAME, INK, MUTED, SERIES
from bartik.plots.style import label, new_figure, styled


def campaign_history(numbers: Sequence[int], scores: Sequence[float], stopped: Sequence[int], *, ylabel: str, smaller: bool) -> Figure:
    """Scores of finished trials, the best so far, and ticks for those that were ``stopped`` early."""
    figure, axes = new_figure()
    with styled():
        best = (np.minimum if smaller else np.maximum).accumulate(np.asarray(scores))
        axes.plot(numbers, scores, "o", color=SERIES[0], markersize=3.5, alpha=0.7, label="finished")
        axes.step(numbers, best, where="post", color=SERIES[1], label="best so far")
        if stopped:
            at = np.full(len(stopped), 0.015)
            axes.plot(stopped, at, "|", color=MUTED, transform=axes.get_xaxis_transform(), label="stopped early")
        axes.set_ylim(*_without_outliers(scores, smaller=smaller))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label(axes, "trial", ylabel)
        figure.legend(loc="outside upper right", ncols=3)
    return figure


def campaign_front(
    times: Sequence[float], scores: Sequence[float], front: Sequence[tuple[float, float]], *, ylabel: str, smaller: bool
) -> Figure:
    """Score against time of an event; ``front`` are the points that no other beats in both, fastest first."""
    figure, axes = new_figure()
    with styled():
        axes.plot(times, scores, "o", color=SERIES[0], markersize=3.5, alpha=0.45, label="finished trials")
        if front:
            at, best = zip(*front, strict=True)
            axes.step(at, best, where="post", color=SERIES[1], marker="s", markersize=4.5, label="front")
        axes.set_ylim(*_without_outliers(scores, smaller=smaller))
        label(axes, "time of an event [µs]", ylabel)
        figure.legend(loc="outside upper right", ncols=3)
    return figure


def importance(shares: Mapping[str, float]) -> Figure:
    """Bars by name, the largest above."""
    figure, axes = new_figure(height=1.2 + 0.38 * len(shares))
    with styled():
        names = list(shares)[::-1]
        axes.barh(names, [shares[name] for name in names], color=SERIES[0], height=0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, 1)
        axes.set_xlabel("share of the variance of the score", loc="right")
    return figure


def parallel_coordinates(rows: Sequence[Mapping[str, float]], scores: Sequence[float], *, logarithmic: Sequence[str]) -> Figure:
    """One axis a key, one line a trial, the best (of the highest ``scores``) above the others; a key that a trial lacks breaks its line.

    Keys are those of ``rows`` in the order in which they come; those of ``logarithmic`` have logarithmic axes.
    """
    keys = list(dict.fromkeys(key for row in rows for key in row))
    tables = list(dict.fromkeys(key.rpartition(".")[0] for key in keys))
    keys.sort(key=lambda key: tables.index(key.rpartition(".")[0]))
    figure, axes = new_figure(width=max(5.8, 1.25 * len(keys)), height=4.2)
    with styled():
        scales = {key: _scale([row[key] for row in rows if key in row], logarithmic=key in logarithmic) for key in keys}
        lines = [[float(scales[key](row[key])) if key in row else np.nan for key in keys] for row in rows]
        half, tenth = (np.quantile(scores, share) for share in (0.5, 0.9))
        looks: tuple[tuple[str, float, float, dict[str, Any]], ...] = (
            ("others", -np.inf, half, {"color": FRAME, "alpha": 0.35, "linewidth": 0.7}),
            ("better half", half, tenth, {"color": SERIES[0], "alpha": 0.6, "linewidth": 0.9}),
            ("best tenth", tenth, np.inf, {"color": SERIES[1], "linewidth": 1.5}),
        )
        for name, low, high, look in looks:
            chosen = [line for line, score in zip(lines, scores, strict=True) if low <= score < high]
            drawn = axes.plot(range(len(keys)), np.transpose(chosen), marker=".", markersize=3, **look) if chosen else []
            if drawn:
                drawn[0].set_label(name)
        for place, key in enumerate(keys):
            _draw_axis(axes, place, scales[key])
        axes.set_xlim(-0.4, len(keys) - 0.6)
        axes.set_ylim(-0.08, 1.08)
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.set_xticks(range(len(keys)), [key.replace(".", ".\n", 1) for key in keys], fontsize=8)
        figure.legend(loc="outside upper right", ncols=3)
    return figure


def _draw_axis(axes: Axes, place: int, norm: Normalize) -> None:
    axes.axvline(place, color=FRAME, linewidth=0.8, zorder=0)
    for height, value in ((0, norm.vmin), (1, norm.vmax)):
        side = "top" if height == 0 else "bottom"
        axes.text(place, height + (0.02 if height else -0.02), f"{value:.4g}", ha="center", va=side, fontsize=8, color=INK)


def _scale(values: Sequence[float], *, logarithmic: bool) -> Normalize:
    low, high = min(values), max(values)
    if low == high:
        low, high = (low / 2, high * 2) if logarithmic else (low - 1, high + 1)
    return LogNorm(low, high) if logarithmic else Normalize(low, high)


def _without_outliers(scores: Sequence[float], *, smaller: bool) -> tuple[float, float]:
    """Limits that show what is good: bad trials may lie far below."""
    values = np.asarray(scores, dtype=float)
    low, high = (values.min(), np.quantile(values, 0.9)) if smaller else (np.quantile(values, 0.1), values.max())
    margin = 0.08 * (high - low) or 0.01 * max(abs(high), 1e-9)
    return float(low - margin), float(high + margin)
