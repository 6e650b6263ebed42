"""Figures of data quality: a run against its reference, scores in time, what happens after a jump."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import DASHES, INK, MARKERS, MUTED, series
from bartik.plots.style import label, new_figure, styled


def run_against_reference(edges: Array, counts: Array, references: Mapping[str, tuple[Array, Array, Array]], xlabel: str) -> Figure:
    """Entries [bins] of a run, and by name the share expected, its uncertainty and the pull [bins]; bins beyond 3 are marked below."""
    figure, axes = new_figure(width=6.4, height=3.6 + 0.9 * len(references))
    figure.delaxes(axes)
    with styled():
        above, *below = figure.subplots(1 + len(references), 1, sharex=True, gridspec_kw={"height_ratios": [3] + [1] * len(references)})
        centres = (edges[1:] + edges[:-1]) / 2
        above.errorbar(centres, counts, yerr=np.sqrt(counts), fmt="o", markersize=2.5, linewidth=0.8, color=INK, label="run")
        for number, (name, (share, sigma, _)) in enumerate(references.items()):
            middle, width = counts.sum() * share, counts.sum() * sigma
            above.stairs(middle, edges, color=series(number), linestyle=DASHES[number], linewidth=1.5, label=f"expected, {name}")
            above.stairs(middle + width, edges, baseline=middle - width, fill=True, color=series(number), alpha=0.2, linewidth=0)
        above.set_ylim(bottom=0)
        label(above, "", "entries")
        above.legend()
        for number, (axis, (name, (_, _, pull))) in enumerate(zip(below, references.items(), strict=True)):
            _pulls(axis, edges, pull, series(number), name)
        below[-1].set_xlim(edges[0], edges[-1])
        label(below[-1], xlabel, "")
    return figure


def scores_in_time(scores: Mapping[str, tuple[Array, float]], bad: Array, jumped: Array, ylabel: str, first: int = 0) -> Figure:
    """By name the score of each run [runs] and the threshold, a panel each; dashed upright lines where the conditions jump."""
    figure, axes = new_figure(width=7.2, height=2.3 * len(scores))
    figure.delaxes(axes)
    runs = first + np.arange(len(bad))
    with styled():
        panels = np.atleast_1d(figure.subplots(len(scores), 1, sharex=True))
        for panel, (name, (values, threshold)) in zip(panels, scores.items(), strict=True):
            for place in runs[jumped]:
                panel.axvline(place, color=MUTED, linewidth=0.7, linestyle=DASHES[1])
            for number, (kind, some) in enumerate({"good": ~bad, "bad": bad}.items()):
                marks: dict[str, Any] = {"linestyle": "none", "marker": MARKERS[number], "markersize": 2.2 + 1.2 * number}
                panel.plot(runs[some], values[some], color=series(number), label=f"{kind} runs", **marks)
            panel.axhline(threshold, color=INK, linewidth=1, label="threshold")
            panel.set_title(name, loc="left", fontsize=10.5)
            label(panel, "", ylabel)
        panels[-1].set_xlim(runs[0], runs[-1])
        label(panels[-1], "run", ylabel)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper right", ncols=3)
    return figure


def after_jump(shares: Mapping[str, tuple[Array, Array]]) -> Figure:
    """By name the share of good runs that are flagged [steps] and its error, against the number of good runs since the last jump."""
    figure, axes = new_figure(height=3.4)
    with styled():
        for number, (name, (share, error)) in enumerate(shares.items()):
            marks: dict[str, Any] = {"marker": MARKERS[number], "markersize": 4.5, "linestyle": DASHES[number], "linewidth": 1.2}
            axes.errorbar(np.arange(len(share)), share, yerr=error, color=series(number), label=name, elinewidth=1, **marks)
        axes.set_ylim(bottom=0)
        label(axes, "good runs since the jump", "good runs flagged")
        axes.legend()
    return figure


def _pulls(axes: Axes, edges: Array, pull: Array, colour: str, name: str) -> None:
    wrong, shown = np.abs(pull) > 3, np.clip(pull, -10, 10)
    axes.stairs(np.where(wrong, 0, shown), edges, fill=True, color=colour, alpha=0.35, linewidth=0)
    axes.stairs(np.where(wrong, shown, 0), edges, fill=True, color=colour, linewidth=0)
    for bound in (-3, 3):
        axes.axhline(bound, color=MUTED, linewidth=0.7, linestyle=DASHES[1])
    axes.set_ylim(-10.5, 10.5)
    axes.set_title(name, loc="left", fontsize=9)
    label(axes, "", "pull")
