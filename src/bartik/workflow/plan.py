"""The steps of `bartik run`, in order, in one place."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from bartik.core import UnknownNameError, UseCase
from bartik.core.plugins import parts
from bartik.registry import place
from bartik.workflow.pipeline import Step
from bartik.workflow.run import Run

_NUMBERS = ("core", "data", "metrics", "nn", "simulation", "train")
"""Rooms whose code decides the numbers of a training."""


def _later(file: str, function: str) -> Callable[[Run], None]:
    """A function of a file of ``steps``, imported when the step is done: a plan needs none of what the steps need."""

    def act(run: Run) -> None:
        getattr(import_module(f"bartik.workflow.steps.{file}"), function)(run)

    return act


STEPS = (
    Step("data", _later("data", "build_data"), lambda run: run.data_record, reads=("data",), rooms=_NUMBERS),
    Step("train", _later("train", "train"), lambda run: run.checkpoint, reads=("model", "train"), rooms=_NUMBERS),
    Step("score", _later("score", "score"), lambda run: run.metrics, reads=("peers",), rooms=_NUMBERS),
    Step("export", _later("export", "export_run"), lambda run: run.bundle),
    Step("check", _later("check", "check_bundle"), lambda run: run.parity),
    Step("bench", _later("bench", "bench_bundle"), lambda run: run.benchmark, reads=("bench",)),
    Step("register", _later("register", "register_bundle"), lambda run: run.registered, also=place),
    Step("report", _later("report", "report_run"), lambda run: run.report),
)
WHOLE = (
    Step("whole", _later("whole", "score_whole"), lambda run: run.metrics, reads=None),
    Step("report", _later("whole_report", "report_whole"), lambda run: run.report, reads=None),
)
"""What follows the models of a use case of several."""


def steps_of(usecase: UseCase) -> tuple[Step, ...]:
    """The steps of a use case itself, whatever models it has."""
    return WHOLE if parts(usecase) else STEPS


def steps_until(name: str) -> tuple[Step, ...]:
    """All steps of a model up to and with the one named."""
    names = [step.name for step in STEPS]
    if name not in names:
        raise UnknownNameError("step", name, names)
    return STEPS[: names.index(name) + 1]
