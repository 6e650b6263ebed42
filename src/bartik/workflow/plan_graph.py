"""The plan of a run as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bartik import plots
from bartik.core.files import write_text
from bartik.workflow.engine import rule_graph
from bartik.workflow.jobs import Job

_DONE, _TO_DO = 2, 0
"""Numbers of their colours."""


def write_graph(jobs: Sequence[Job], path: Path) -> None:
    """Boxes and arrows, what is done in another colour; a ``.dot`` file as Snakemake writes it for Graphviz."""
    if path.suffix == ".dot":
        write_text(path, rule_graph(jobs))
        return
    layers: dict[str, int] = {}
    boxes = {}
    for job in jobs:
        layers[job.name] = 1 + max((layers[name] for name in job.after), default=-1)
        lines = [job.state.step.name, job.part, "kept" if job.state.done else "to do"]
        boxes[job.name] = plots.Box(layers[job.name], tuple(filter(None, lines)), _DONE if job.state.done else _TO_DO)
    plots.save(plots.lineage(boxes, [(name, job.name) for job in jobs for name in job.after]), path)
