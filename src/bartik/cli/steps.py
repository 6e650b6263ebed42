"""How a verb runs the steps of a use case up to its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bartik.cli.common import configure, find_usecase, progress_for, run_folder

if TYPE_CHECKING:
    from bartik.workflow.run import Run


def run_until(step: str, usecase: str, config: str, settings: list[str] | None, data: Path | None, out: Path | None) -> Run:
    """Run every step up to ``step``, keeping those that are done."""
    from bartik.workflow.pipeline import run_steps
    from bartik.workflow.plan import steps_until
    from bartik.workflow.run import Run

    found = find_usecase(usecase)
    folder = run_folder(found, out)
    run = Run(found, configure(found, config, settings, data), folder, progress_for(folder))
    run_steps(run, steps_until(step))
    return run
