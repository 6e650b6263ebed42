"""The registry as pages: one that lists every version, searched and sorted offline, and one for each."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from bartik import plots
from bartik.core.files import atomic_folder, write_text
from bartik.plots.palette import css_variables
from bartik.registry import lineage_of
from bartik.report.lineage import draw_lineage
from bartik.report.page import TEMPLATES, environment

if TYPE_CHECKING:
    from bartik.registry.describing import Details

_SHOWN = 3
"""Metrics of a version that the list shows."""


@dataclass(frozen=True)
class Entry:
    """A line of the list; ``headline`` is what sorting by metrics goes by, ``text`` all that is searched."""

    name: str
    number: int
    aliases: tuple[str, ...]
    created: str
    metrics: tuple[str, ...]
    headline: str
    gates: str
    failed: bool
    data: str
    code: str
    page: str
    text: str


def write_catalogue(versions: Sequence[Details], place: str, folder: Path) -> Path:
    """Write ``folder``, whole or not at all: ``index.html`` and a page for each of ``versions``; the path of the first."""
    entries = [_entry(found) for found in versions]
    with atomic_folder(folder) as made:
        write_text(made / "index.html", render_catalogue(entries, place))
        for found, entry in zip(versions, entries, strict=True):
            write_text(made / entry.page, render_version(found))
    return folder / "index.html"


def render_catalogue(entries: Sequence[Entry], place: str) -> str:
    """The list as HTML text."""
    script = (TEMPLATES / "catalogue.js").read_text(encoding="utf-8")
    return (
        environment()
        .get_template("catalogue.html")
        .render(
            entries=entries,
            models=len({entry.name for entry in entries}),
            place=place,
            style=_style(),
            light=css_variables("light"),
            dark=css_variables("dark"),
            script=Markup(script),  # noqa: S704 - our own file
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def render_version(found: Details) -> str:
    """One version as HTML text."""
    return (
        environment()
        .get_template("version.html")
        .render(
            found=found,
            lineage=plots.to_svg(draw_lineage(lineage_of(found)), "page"),
            parts=[(title, rows) for title, rows in _parts(found) if rows],
            style=_style(),
            light=css_variables("light"),
            dark=css_variables("dark"),
        )
    )


def _entry(found: Details) -> Entry:
    version, metrics = found.version, _metrics(found.metrics)
    data = str(found.data.get("train", {}).get("digest", ""))
    code = found.code.get("revision") or found.code.get("digest", "")
    gates = _gates(found)
    sources = [str(value) for values in found.data.values() for value in values.values()]
    text = " ".join([version.reference, *version.aliases, version.created, version.digest, *metrics, gates, *sources, code, found.graph])
    return Entry(
        version.name,
        version.number,
        version.aliases,
        version.created,
        tuple(f"{name} {value.partition(' ')[0]}" for name, value in list(metrics.items())[:_SHOWN]),
        next(iter(metrics.values()), ""),
        gates,
        bool(found.gates and found.gates.failed),
        data,
        code,
        f"{version.name}-{version.number}.html",
        text.lower(),
    )


def _gates(found: Details) -> str:
    if found.gates is None:
        return "not measured"
    failed, measured = len(found.gates.failed), len(found.gates.gates)
    return f"{failed} of {measured} failed" if failed else f"{measured} passed"


def _metrics(metrics: Mapping[str, float]) -> dict[str, str]:
    """Values with their intervals, by name."""
    shown = {}
    for name, value in metrics.items():
        if f"{name}.low" in metrics:
            shown[name] = f"{value:.5g} [{metrics[f'{name}.low']:.5g}, {metrics[f'{name}.high']:.5g}]"
        elif not (name.endswith((".low", ".high")) and name.rpartition(".")[0] in metrics):
            shown[name] = f"{value:.5g}"
    return shown


def _parts(found: Details) -> list[tuple[str, list[tuple[str, str]]]]:
    signature = [(spec.name, f"{spec.dtype} {list(spec.shape)}") for spec in (*found.signature.inputs, *found.signature.outputs)]
    data = [(split, ", ".join(f"{key} {value}" for key, value in values.items())) for split, values in found.data.items()]
    gates = [(gate.name, str(gate)) for gate in found.gates.gates] if found.gates else []
    return [
        ("Metrics", list(_metrics(found.metrics).items())),
        ("Working points", [(name, f"{value:.6g}") for name, value in found.working_points.items()]),
        ("Gates", gates),
        ("History", [(event.when, str(event)) for event in found.history]),
        ("Data", data),
        ("Hyperparameters", list(found.parameters.items())),
        ("Inputs and outputs", signature),
        ("Code", list(found.code.items())),
        ("Environment", list(found.environment.items())),
        ("Digests", [("bundle", found.version.digest), ("ONNX file", found.graph), ("run", found.version.run)]),
    ]


def _style() -> Markup:
    return Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
