"""Figure of a lineage: boxes in layers, from the origins on the left to what is in use on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from bartik.plots.palette import INK, MUTED, PAPER, series
from bartik.plots.style import new_figure, styled

_WIDTH, _LINE, _MARGIN = 1.9, 0.19, 0.09  # inches: a box, a line of text in it, around the text
_ACROSS, _DOWN = 0.75, 0.22  # inches between boxes
_EDGE = 0.25  # inches around the picture
_LETTERS = 26  # that fit into a box


@dataclass(frozen=True)
class Box:
    """One box: its layer from the left, the lines in it (the first stands out), and the number of its colour."""

    layer: int
    lines: tuple[str, ...]
    colour: int = 0


def lineage(boxes: Mapping[str, Box], arrows: Sequence[tuple[str, str]]) -> Figure:
    """Boxes by name and arrows between names; the same picture for the same boxes and arrows."""
    layers = [[name for name, box in boxes.items() if box.layer == layer] for layer in sorted({box.layer for box in boxes.values()})]
    tall = max((sum(_height(boxes[name]) for name in layer) + _DOWN * (len(layer) - 1) for layer in layers), default=1.0)
    wide = len(layers) * _WIDTH + (len(layers) - 1) * _ACROSS
    figure, axes = new_figure(width=wide + 2 * _EDGE, height=tall + 2 * _EDGE)
    with styled():
        _bare(axes, wide, tall)
        places = _places(layers, boxes, tall)
        for start, end in arrows:
            _arrow(axes, places[start], places[end])
        for name, place in places.items():
            _box(axes, place, boxes[name])
    return figure


def _height(box: Box) -> float:
    return 2 * _MARGIN + _LINE * len(box.lines)


def _places(layers: Sequence[Sequence[str]], boxes: Mapping[str, Box], tall: float) -> dict[str, tuple[float, float]]:
    """Left edge and middle of every box, in inches; each layer in the middle of the picture."""
    found = {}
    for column, layer in enumerate(layers):
        heights = [_height(boxes[name]) for name in layer]
        top = tall / 2 + (sum(heights) + _DOWN * (len(layer) - 1)) / 2
        for name, height in zip(layer, heights, strict=True):
            found[name] = (column * (_WIDTH + _ACROSS), top - height / 2)
            top -= height + _DOWN
    return found


def _box(axes: Axes, place: tuple[float, float], box: Box) -> None:
    (left, middle), height = place, _height(box)
    frame: dict[str, Any] = {
        "boxstyle": "round,pad=0,rounding_size=0.06",
        "linewidth": 1.3,
        "edgecolor": series(box.colour),
        "facecolor": PAPER,
    }
    axes.add_patch(FancyBboxPatch((left, middle - height / 2), _WIDTH, height, zorder=2, **frame))
    for number, line in enumerate(box.lines):
        at = middle + height / 2 - _MARGIN - _LINE * (number + 0.5)
        look: dict[str, Any] = {"color": series(box.colour), "fontweight": "bold"} if number == 0 else {"color": INK}
        axes.text(left + _MARGIN, at, _short(line), fontsize=9, va="center", zorder=3, parse_math=False, **look)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": MUTED, "linewidth": 1, "shrinkA": 0, "shrinkB": 1, "connectionstyle": "arc3,rad=0"}
    axes.annotate("", xy=end, xytext=(start[0] + _WIDTH, start[1]), arrowprops=style, zorder=1)


def _short(line: str) -> str:
    return line if len(line) <= _LETTERS else line[: _LETTERS - 1] + "…"


def _bare(axes: Axes, wide: float, tall: float) -> None:
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-0.05, wide + 0.05)
    axes.set_ylim(-0.05, tall + 0.05)
