"""Figures of a campaign: its course, its front, what mattered, and the values of all trials side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bartik.plots.palette import FRAME, GRID, INK, MUTED, SERIES
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
        axes.legend(loc="lower right" if not smaller else "upper right")
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
        axes.legend(loc="lower right" if not smaller else "upper right")
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


def parallel_coordinates(rows: Sequence[Mapping[str, float]], scores: Sequence[float], *, logarithmic: Sequence[str], name: str) -> Figure:
    """One axis a key, one line a trial, coloured by its score, the best above the others; a key that a trial lacks breaks its line.

    Keys are those of ``rows`` in the order in which they come; those of ``logarithmic`` have logarithmic axes.
    """
    keys = list(dict.fromkeys(key for row in rows for key in row))
    figure, axes = new_figure(width=max(5.8, 1.25 * len(keys)), height=4.2)
    with styled():
        norm = Normalize(*np.quantile(scores, [0.1, 1.0])) if scores else Normalize()
        colours = LinearSegmentedColormap.from_list("scores", [GRID, SERIES[0], SERIES[1]])
        scales = {key: _scale([row[key] for row in rows if key in row], logarithmic=key in logarithmic) for key in keys}
        for row, score in sorted(zip(rows, scores, strict=True), key=lambda pair: pair[1]):
            heights = [float(scales[key](row[key])) if key in row else np.nan for key in keys]
            axes.plot(range(len(keys)), heights, color=colours(norm(score)), linewidth=0.9, alpha=0.8, marker=".", markersize=3)
        for place, key in enumerate(keys):
            _draw_axis(axes, place, scales[key])
        axes.set_xlim(-0.3, len(keys) - 0.6)
        axes.set_ylim(-0.08, 1.08)
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.set_xticks(range(len(keys)), [key.replace(".", ".\n", 1) for key in keys], fontsize=8)
        figure.colorbar(ScalarMappable(norm, colours), ax=axes, label=name, pad=0.01)
    return figure


def _draw_axis(axes, place: int, norm: Normalize) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - matplotlib's axes
    axes.axvline(place, color=FRAME, linewidth=0.8, zorder=0)
    for height, value in ((0, norm.vmin), (1, norm.vmax)):
        side = "top" if height == 0 else "bottom"
        axes.text(place, height + (0.02 if height else -0.02), f"{value:.3g}", ha="center", va=side, fontsize=8, color=INK)


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
