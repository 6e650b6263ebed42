"""The page: one template, one style sheet, one file that asks the network for nothing."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from bartik.core import UsageError
from bartik.core.files import write_text
from bartik.plots.palette import css_variables
from bartik.plots.times import nanoseconds
from bartik.report import numbers
from bartik.report.contents import Report

TEMPLATES = Path(__file__).parent / "template"
_FORBIDDEN = re.compile(
    r"<\s*(script|foreignObject|iframe|image|style\b[^>]*>[^<]*@import)|\son\w+\s*=|(href|src)\s*=\s*[\"'](?!#)|url\((?!#)", re.IGNORECASE
)


def write_report(report: Report, path: Path) -> None:
    """Write the page of ``report``, whole or not at all."""
    write_text(path, render(report))


def render(report: Report) -> str:
    """The page of ``report`` as HTML text, the same for the same report."""
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
            light=css_variables("light"),
            dark=css_variables("dark"),
        )
    )


def environment() -> Environment:
    """Templates of this room: all text is escaped, a name that is not given is an error."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {
        "shown": numbers.shown,
        "plain": numbers.plain,
        "count": numbers.count,
        "time": nanoseconds,
        "rate": numbers.rate,
        "percent": numbers.percent,
        "difference": numbers.difference,
        "markdown": markdown,
        "svg": embed,
    }
    return made


def markdown(text: str) -> Markup:
    """Markdown with tables, without HTML and images; its headings go below those of the page."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - the parser escapes what it did not make


def embed(svg: str, title: str, number: int | str) -> Markup:
    """SVG made part of a page: as wide as its place, with names of its own; `UsageError` where it could run or load something."""
    found = _FORBIDDEN.search(svg.replace('xlink:href="#', 'href="#'))
    if not svg.startswith("<svg") or found:
        raise UsageError(f"figure {title!r}: not a plain SVG" + (f": it holds {found.group().strip()!r}" if found else ""))
    head, body = svg.split(">", 1)
    box = re.search(r'viewBox="[\d.\s-]+"', head)
    if box is None:
        raise UsageError(f"figure {title!r}: its SVG has no viewBox")
    body = re.sub(r'xlink:href="', 'href="', body)
    body = re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>f{number}-", body)
    return Markup('<svg {} role="img" aria-label="{}">').format(Markup(box.group()), title) + Markup(body)  # noqa: S704 - checked above
