"""The best weights."""

from __future__ import annotations

from bartik.train import fit
from bartik.workflow.pipeline import code_of
from bartik.workflow.run import Run


def train(run: Run) -> None:
    """The best weights, in a checkpoint that goes on where it was stopped."""
    train_set, validation = run.split("train"), run.split("validation")
    fit(run.usecase, train_set, validation, run.config, run.checkpoint, run.progress, code=code_of(run, ("nn", "train")))
