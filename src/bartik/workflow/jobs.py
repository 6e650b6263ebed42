"""The jobs of a run: every step of every model, what each waits for, and whether it is done."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bartik.core import UsageError
from bartik.core.plugins import load_part, parts
from bartik.workflow.pipeline import State, job_name, survey
from bartik.workflow.plan import steps_of
from bartik.workflow.run import Run

_LOOK = "see `parts` in its __init__.py"
_READY, _SETTLED = "check", "register"
"""The step after which another model may use a bundle, and the one after which all of them are used together."""


@dataclass(frozen=True)
class Job:
    """A step of a model; ``part`` is empty for the use case itself, and ``after`` names the jobs it waits for."""

    part: str
    run: Run
    state: State
    after: tuple[str, ...]

    @property
    def name(self) -> str:
        """Unique in the run: ``train``, or ``edges_train`` for a model of several."""
        return job_name(self.part, self.state.step.name)

    @property
    def record(self) -> str:
        """The file that tells that it is done, within the folder of the whole run."""
        return f"{self.part}/steps/{self.state.step.name}.json" if self.part else f"steps/{self.state.step.name}.json"

    def __str__(self) -> str:
        """One line of the plan."""
        return f"[{self.name}] {'kept' if self.state.done else f'to do: {self.state.why}'}"


def jobs(run: Run, models: Mapping[str, Run]) -> list[Job]:
    """All jobs in an order in which they could be done; ``models`` has a run for each model of a use case of several."""
    found: dict[str, Job] = {}
    needs = parts(run.usecase)
    for part in _ordered(run, needs):
        _add(found, part, models[part], tuple(job_name(need, _READY) for need in needs[part]))
    _add(found, "", run, tuple(job_name(part, _SETTLED) for part in needs))
    return list(found.values())


def runs_of_models(run: Run, configurations: Mapping[str, object]) -> dict[str, Run]:
    """A run for every model, in a folder of its name."""
    return {
        part: replace(run, usecase=load_part(run.usecase, part), config=config, folder=run.folder / part)  # type: ignore[arg-type]
        for part, config in configurations.items()
    }


def _add(found: dict[str, Job], part: str, run: Run, after: tuple[str, ...]) -> None:
    for state in survey(run, steps_of(run.usecase)):
        late = next((name for name in after if not found[name].state.done), "")
        job = Job(part, run, State(state.step, state.why or (f"follows {late}" if late else "")), after)
        found[job.name] = job
        after = (job.name,)


def _ordered(run: Run, needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    unknown = sorted({need for wanted in needs.values() for need in wanted} - needs.keys())
    if unknown:
        raise UsageError(f"{run.name}: parts need {', '.join(unknown)}, which are not among them", hint=_LOOK)
    try:
        return list(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        raise UsageError(f"{run.name}: parts need each other: {' -> '.join(error.args[1])}", hint=_LOOK) from error
