"""The part of a page that says how a retrained model stands against the champion."""

from __future__ import annotations

from collections.abc import Iterator

from bartik.core.files import read_json
from bartik.plots import against, to_svg
from bartik.report import Figure, GateRow, Verdict
from bartik.workflow.gates import Limits
from bartik.workflow.retrain import RESULT, Retraining
from bartik.workflow.run import Run


def gates_of(run: Run) -> Retraining | None:
    """What was compared, if it was this run's registered version."""
    if not ((run.folder / RESULT).exists() and run.registered.exists()):
        return None
    found, registered = Retraining.from_dict(read_json(run.folder / RESULT)), read_json(run.registered)
    return found if found.candidate == f"{registered['name']}/{registered['number']}" else None


def verdicts(run: Run) -> Iterator[Verdict]:
    """Whether it may be promoted."""
    found = gates_of(run)
    if found is None:
        return
    passed = f"{len(found.gates) - len(found.failed)} of {len(found.gates)} gates passed"
    failed = f"; failed: {', '.join(gate.name for gate in found.failed)}" if found.failed else ""
    champion = f"against {found.champion}" if found.champion else "there was no champion"
    yield Verdict(
        "May it be promoted?", "no" if found.failed else "yes", f"{passed}, {champion}{failed}", "bad" if found.failed else "good"
    )


def rows(run: Run) -> tuple[GateRow, ...]:
    """Every gate: what was wanted, and what was found."""
    found = gates_of(run)
    return () if found is None else tuple(GateRow(gate.name, gate.passed, gate.wanted, gate.found) for gate in found.gates)


def figures(run: Run) -> Iterator[Figure]:
    """Differences of the metrics."""
    found = gates_of(run)
    if found is None or not found.metrics:
        return
    smaller = getattr(run.usecase, "SMALLER_IS_BETTER", ())
    tolerance = {name: -limit if name in smaller else limit for name, limit in Limits.of(run.config).tolerance.items()}
    differences = {sample: {name: paired.difference for name, paired in metrics.items()} for sample, metrics in found.metrics.items()}
    caption = "Candidate less champion, both on the same draws of events; 68.3% intervals."
    yield Figure("Against the champion", to_svg(against(differences, tolerance, xlabel=f"candidate - {found.champion}"), "page"), caption)
