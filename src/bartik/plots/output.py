"""Figures as files and as text: deterministic, self-contained, for light pages and dark ones."""

from __future__ import annotations

import re
from io import BytesIO, StringIO
from pathlib import Path
from typing import Literal, TypeAlias

from matplotlib.figure import Figure

from bartik.core import UsageError
from bartik.core.files import atomic_path
from bartik.plots.palette import DARK, VARIABLES
from bartik.plots.style import styled

Theme: TypeAlias = Literal["light", "dark", "page"]
FORMATS = (".png", ".svg")


def to_svg(figure: Figure, theme: Theme = "light") -> str:
    """The figure as SVG text with a transparent ground, the same for the same figure.

    ``light`` and ``dark`` have fixed colours. ``page`` takes them from the variables ``--plot-*`` of the page that holds
    the figure (`bartik.plots.palette.css_variables`), and the light ones where there are none. Letters are drawn as
    outlines, so that no font is needed.
    """
    text = StringIO()
    with styled():
        figure.savefig(text, format="svg", transparent=True)
    return _recolour(_tidy(text.getvalue()), theme)


def save(figure: Figure, path: Path) -> None:
    """Write the figure to a ``.png`` (at 200 dots per inch, on white) or ``.svg`` file, whole or not at all."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(
            f"{path}: cannot draw into {suffix or 'a file without suffix'}", hint=f"wanted a name that ends in {' or '.join(FORMATS)}"
        )
    content = to_svg(figure).encode() if suffix == ".svg" else _png(figure)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _png(figure: Figure) -> bytes:
    content = BytesIO()
    with styled():
        figure.savefig(content, format="png", dpi=200, metadata={"Software": None})
    return content.getvalue()


def _tidy(svg: str) -> str:
    """From the ``svg`` tag on: no XML head, no document type with its address, no metadata with its date."""
    body = svg[svg.index("<svg") :]
    return re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.DOTALL)


def _recolour(svg: str, theme: Theme) -> str:
    if theme == "light":
        return svg
    variables = {colour: f"var(--plot-{name}, {colour})" for colour, name in VARIABLES.items()}
    new = DARK if theme == "dark" else variables
    return re.sub("|".join(new), lambda match: new[match.group()], svg)
