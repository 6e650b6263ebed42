"""Colours by role, for light and for dark pages.

The series differ in lightness as well as hue, after Okabe and Ito (2008) and Petroff, arXiv:2107.02270, and each has
at least 3 : 1 contrast to its page (WCAG 2.2, 1.4.11).
"""

from __future__ import annotations

INK, MUTED, GRID, FRAME, PAPER = "#1b2430", "#566273", "#e2e6eb", "#8b95a2", "#fefefe"
SERIES = ("#0b62b8", "#cf5200", "#0a7f64", "#9c4796", "#946b00", "#5e6978")
"""One colour a curve; dash and marker change too, for print and for those who see colours otherwise."""

DARK = {
    INK: "#e8ecf1",
    MUTED: "#a3aebb",
    GRID: "#2d3743",
    FRAME: "#6d7987",
    PAPER: "#12171d",
    "#0b62b8": "#5fb0f5",
    "#cf5200": "#ff9457",
    "#0a7f64": "#3cc8a2",
    "#9c4796": "#dd93d6",
    "#946b00": "#e0b546",
    "#5e6978": "#adb8c4",
}
"""The dark colour for each light one."""

VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    FRAME: "frame",
    PAPER: "paper",
    **{colour: f"series-{number}" for number, colour in enumerate(SERIES, 1)},
}
"""The style sheet variable ``--plot-NAME`` for each colour."""

DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", (0, (6, 2)), (0, (2, 1.6)), (0, (7, 2, 1.5, 2)), (0, (4, 1.2)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")


def series(number: int) -> str:
    """Colour of the curve of this number, counted from 0; they repeat after six."""
    return SERIES[number % len(SERIES)]


def css_variables(theme: str) -> str:
    """Declarations ``--plot-ink: #...;`` of a ``light`` or ``dark`` page."""
    return " ".join(f"--plot-{name}: {DARK[colour] if theme == 'dark' else colour};" for colour, name in VARIABLES.items())
