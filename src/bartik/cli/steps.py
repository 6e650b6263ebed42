"""How a verb runs the steps of a use case up to its own, or plans all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bartik.cli.common import configure, progress_for, run_folder
from bartik.cli.configured import configure_models
from bartik.core import UnknownNameError, UsageError
from bartik.core.plugins import find_usecase, parts

if TYPE_CHECKING:
    from bartik.workflow.jobs import Job
    from bartik.workflow.run import Run


def configured_run(usecase: str, config: str, settings: list[str] | None, data: Path | None, out: Path | None) -> Run:
    """The run that the arguments of a verb describe."""
    from bartik.workflow.run import Run

    found = find_usecase(usecase)
    folder = run_folder(found, out)
    return Run(found, configure(found, config, settings, data), folder, progress_for(folder))


def run_until(step: str, usecase: str, config: str, settings: list[str] | None, data: Path | None, out: Path | None) -> Run:
    """Run every step up to ``step``, keeping those that are done."""
    from bartik.workflow.pipeline import run_steps
    from bartik.workflow.plan import steps_until

    run = configured_run(usecase, config, settings, data, out)
    if models := [f"{run.name}.{part}" for part in parts(run.usecase)]:
        raise UsageError(f"{run.name}: has {len(models)} models, name one", hint=f"{', '.join(models)}; or bartik run {usecase}")
    run_steps(run, steps_until(step))
    return run


def only_step(run: Run, name: str) -> None:
    """One step of a run."""
    from bartik.workflow.pipeline import run_step
    from bartik.workflow.plan import steps_of

    steps = steps_of(run.usecase)
    if name not in (names := [step.name for step in steps]):
        raise UnknownNameError("step", name, names)
    run_step(run, steps, name)


def whole_run(usecase: str, config: str, settings: list[str] | None, data: Path | None, out: Path | None) -> tuple[Run, list[Job]]:
    """A run and all its jobs, those of every model where it has several."""
    from bartik.workflow.jobs import jobs, runs_of_models
    from bartik.workflow.run import Run

    found = find_usecase(usecase)
    own, models = configure_models(found, config, settings, data)
    folder = run_folder(found, out)
    run = Run(found, own, folder, progress_for(folder))
    return run, jobs(run, runs_of_models(run, models))
