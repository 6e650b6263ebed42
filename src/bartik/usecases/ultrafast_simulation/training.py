"""The training of the stages that draw: the usual loop, after the tables of the marginal distributions have seen the targets."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bartik.core import Config, Dataset, Model, Progress, UseCase


def train(usecase: UseCase, train: Dataset, validation: Dataset, config: Config, checkpoint: Path, progress: Progress) -> Model:
    """The trained generator; the tables are part of its weights."""
    from bartik.train import fit

    def model(config: Config) -> Model:
        network = usecase.model(config)
        network.learn_marginals(next(iter(train.inputs.values())), train.target)
        return network

    seen = cast(UseCase, SimpleNamespace(signature=usecase.signature, model=model, loss=cast(Any, usecase).loss))
    return fit(seen, train, validation, config, checkpoint, progress)


def training_figures(checkpoint: Path) -> list[tuple[str, str, object]]:
    """How the loss fell."""
    from bartik import plots
    from bartik.train import read_history

    history = read_history(checkpoint)
    curves = {name: history[name].tolist() for name in ("train", "validation")}
    best = int(history["best"])
    return [("Training", "Negative logarithm of the density, mean over rows.", plots.training_history(curves, best=best, ylabel="loss"))]
