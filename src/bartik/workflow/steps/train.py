"""The trained model."""

from __future__ import annotations

from bartik.train import train_model
from bartik.workflow.pipeline import code_of
from bartik.workflow.run import Run


def train(run: Run) -> None:
    """The trained model, in a checkpoint with which a stopped training goes on."""
    train_set, validation = run.split("train"), run.split("validation")
    train_model(run.usecase, train_set, validation, run.config, run.checkpoint, run.progress, code=code_of(run, ("nn", "train")))
