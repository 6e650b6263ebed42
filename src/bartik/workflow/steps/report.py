"""The page."""

from __future__ import annotations

from bartik.report import write_report
from bartik.workflow.page import report_of
from bartik.workflow.run import Run


def report_run(run: Run) -> None:
    """The page."""
    write_report(report_of(run), run.report)
