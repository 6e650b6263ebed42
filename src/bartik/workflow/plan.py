"""The steps of `bartik run`, in order, in one place."""

from __future__ import annotations

from bartik.core import UnknownNameError
from bartik.registry import place
from bartik.workflow import judge, steps
from bartik.workflow.pipeline import Step

_NUMBERS = ("core", "data", "metrics", "nn", "simulation", "train")
"""Rooms whose code decides the numbers of a training."""

STEPS = (
    Step("data", steps.build_data, lambda run: run.data_record, reads=("data",), rooms=_NUMBERS),
    Step("train", steps.train, lambda run: run.checkpoint, reads=("model", "train"), rooms=_NUMBERS),
    Step("score", steps.score, lambda run: run.metrics, reads=("peers",), rooms=_NUMBERS),
    Step("export", steps.export, lambda run: run.bundle),
    Step("check", judge.check_bundle, lambda run: run.parity),
    Step("bench", judge.bench_bundle, lambda run: run.benchmark, reads=("bench",)),
    Step("register", judge.register_bundle, lambda run: run.registered, also=place),
    Step("report", judge.report_run, lambda run: run.report),
)


def steps_until(name: str) -> tuple[Step, ...]:
    """All steps up to and with the one named."""
    names = [step.name for step in STEPS]
    if name not in names:
        raise UnknownNameError("step", name, names)
    return STEPS[: names.index(name) + 1]
