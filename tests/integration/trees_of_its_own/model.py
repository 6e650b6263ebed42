"""Boosted trees of XGBoost: trained, kept in its own JSON, read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import xgboost

from bartik import plots
from bartik.core import Config, Dataset, Progress, UseCase
from bartik.core.files import atomic_path


def train(
    usecase: UseCase,
    train: Dataset,
    validation: Dataset,
    config: Config,
    checkpoint: Path,
    progress: Progress,
) -> xgboost.Booster:
    """Boost for ``config.train.rounds`` rounds, on top of the trees in ``config.train.start`` where it names some."""
    options = config.train
    rows, judged = (xgboost.DMatrix(part.inputs["features"], part.target) for part in (train, validation))
    settings = {"objective": "binary:logistic", "max_depth": options.depth, "eta": options.learning_rate, "eval_metric": "logloss"}
    settings |= {"seed": options.seed, "nthread": options.threads, "subsample": 0.8}
    losses: dict[str, Any] = {}
    booster = xgboost.train(
        settings,
        rows,
        options.rounds,
        evals=[(judged, "validation")],
        evals_result=losses,
        verbose_eval=False,
        xgb_model=bytearray(Path(options.start).read_bytes()) if options.start else None,
    )
    booster.set_attr(losses=json.dumps(losses["validation"]["logloss"]))
    progress(f"{booster.num_boosted_rounds()} trees, validation loss {losses['validation']['logloss'][-1]:.4f}")
    with atomic_path(checkpoint) as temporary:
        temporary.write_bytes(booster.save_raw("json"))
    return booster


def load(usecase: UseCase, config: Config, checkpoint: Path) -> xgboost.Booster:
    """The trees in ``checkpoint``."""
    booster = xgboost.Booster()
    booster.load_model(bytearray(checkpoint.read_bytes()))
    return booster


def training_figures(checkpoint: Path) -> list[tuple[str, str, object]]:
    """Loss by round."""
    booster = xgboost.Booster()
    booster.load_model(bytearray(checkpoint.read_bytes()))
    losses = json.loads(booster.attr("losses") or "[]")
    return [("Boosting", "Loss on the validation rows.", plots.training_history({"validation": losses}, best=len(losses)))]
