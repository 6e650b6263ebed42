"""Decay trees: the true ones and those that were found, side by side, and what became of decays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bartik.core import Array
from bartik.plots.palette import MUTED, series
from bartik.plots.style import label, new_figure, styled

_GAP = 0.9
"""Room for the names between both trees, in generations."""


def decay_trees(true: Array, found: Array, names: Sequence[str]) -> Figure:
    """Trees as mothers [tracks + ancestors], tracks first, of the tracks with these ``names``; true ones left, found ones right.

    Tracks that are only in a true tree, or only in one that was found, have a colour of their own.
    """
    count = len(names)
    order = [*_leaves(true, count), *(leaf for leaf in _leaves(found, count) if true[leaf] < 0)]
    figure, axes = new_figure(height=1.2 + 0.28 * max(len(order), 3))
    with styled():
        rows = {leaf: -place for place, leaf in enumerate(order)}
        _tree(axes, true, rows, count, -1)
        _tree(axes, found, rows, count, 1)
        for leaf, row in rows.items():
            colour = series(0) if true[leaf] >= 0 and found[leaf] >= 0 else series(1) if true[leaf] >= 0 else series(3)
            axes.text(0, row, names[leaf], ha="center", va="center", color=colour, fontsize=10)
        for place, (text, side) in enumerate((("true", -1), ("found", 1))):
            axes.text(side * (_GAP + 0.1), 0.9, text, ha="right" if place == 0 else "left", color=MUTED)
        reach = _GAP + 1.3 * max(1, *_heights(true), *_heights(found))
        axes.set(xlim=(-reach, reach), ylim=(min(rows.values(), default=0) - 1, 1.6))
        axes.axis("off")
        words = (("in both", 0), ("missed", 1), ("of no such decay", 3))
        axes.legend(
            [axes.plot([], [], "s", color=series(place))[0] for _, place in words],
            [word for word, _ in words],
            loc="lower center",
            ncols=3,
            bbox_to_anchor=(0.5, -0.08),
        )
    return figure


def shares(values: Mapping[str, Mapping[str, float]]) -> Figure:
    """Shares that sum to one, as a bar a name, a colour a category."""
    figure, axes = new_figure(height=1.5 + 0.4 * len(values))
    with styled():
        names, left = list(values), np.zeros(len(values))
        for place, category in enumerate(next(iter(values.values()))):
            widths = np.array([values[name][category] for name in names])
            bars = axes.barh(names, widths, left=left, height=0.6, color=series(place), label=category)
            axes.bar_label(
                bars, [f"{100 * width:.0f}%" if width > 0.04 else "" for width in widths], label_type="center", color="white", fontsize=9
            )
            left += widths
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.grid(visible=False, axis="y")
        label(axes, "share of b decays", "")
        figure.legend(loc="outside lower left", ncols=4)
    return figure


def reduction(curves: Mapping[str, Array], wanted: tuple[float, float]) -> Figure:
    """Share dropped against share kept [points, 2], by name, and the point that is wanted."""
    figure, axes = new_figure()
    with styled():
        for place, (name, points) in enumerate(curves.items()):
            axes.plot(points[:, 0], points[:, 1], color=series(place), label=name)
        axes.plot(*wanted, marker="*", markersize=11, linestyle="", color=MUTED, label="wanted")
        axes.set(xlim=(0.5, 1.0), ylim=(0, 1))
        label(axes, "tracks of b decays kept", "all tracks dropped")
        figure.legend(loc="outside lower left", ncols=3)
    return figure


def _tree(axes: Axes, mothers: Array, rows: Mapping[int, int], count: int, side: int) -> None:
    """Lines from each track to its ancestors, which are as far out as their generation."""
    heights = _heights(mothers)
    places: dict[int, float] = {}
    for node in sorted(range(len(mothers)), key=lambda one: heights[one]):
        below = [other for other in range(len(mothers)) if mothers[other] == node]
        places[node] = float(np.mean([places[other] for other in below])) if below else float(rows.get(node, 0))
    for node, mother in enumerate(mothers.tolist()):
        if mother >= 0:
            ends = [_GAP * bool(node < count) * 0.6 + (heights[node] and _GAP * 0.6 + heights[node]), _GAP * 0.6 + heights[mother]]
            axes.plot(
                [side * ends[0], side * ends[1], side * ends[1]], [places[node], places[node], places[mother]], color=MUTED, linewidth=1.2
            )
    tops = list(range(count, len(mothers)))
    axes.plot([side * (_GAP * 0.6 + heights[node]) for node in tops], [places[node] for node in tops], "o", color=series(0), markersize=5)


def _leaves(mothers: Array, count: int) -> list[int]:
    """Tracks of trees, those of one ancestor beside one another."""

    def below(node: int) -> list[int]:
        daughters = [other for other in range(len(mothers)) if mothers[other] == node]
        return [node] if node < count else [leaf for daughter in sorted(daughters, reverse=True) for leaf in below(daughter)]

    return [leaf for root in range(count, len(mothers)) if mothers[root] < 0 for leaf in below(root)]


def _heights(mothers: Array) -> list[int]:
    heights = [0] * len(mothers)
    for _ in range(len(mothers)):
        for node, mother in enumerate(mothers.tolist()):
            if mother >= 0:
                heights[mother] = max(heights[mother], heights[node] + 1)
    return heights
