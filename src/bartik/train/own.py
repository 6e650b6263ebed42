"""A model trained and read back: by the use case's own functions where it has them, else by the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from bartik.core import Config, DataError, Dataset, Model, Progress, UsageError, UseCase
from bartik.core.digest import digest_file, digest_values
from bartik.core.files import write_text
from bartik.train.loop import fit, load_trained


def train_model(
    usecase: UseCase, train: Dataset, validation: Dataset, config: Config, checkpoint: Path, progress: Progress, *, code: str = ""
) -> Model:
    """The trained model, which `load_model` reads from ``checkpoint`` again.

    A use case's own ``train`` finds at ``checkpoint`` nothing, or what it left there itself when the same training (data, configuration,
    ``code``) was stopped.
    """
    if not trains_itself(usecase):
        return fit(usecase, train, validation, config, checkpoint, progress, code=code)
    start = str(config.train.start) if config.knows("train.start") else ""
    values = [config.to_dict(), train.digest, validation.digest, code, digest_file(Path(start)) if start else ""]
    _forget_others(checkpoint, digest_values(values))
    model = cast(Any, usecase).train(usecase, train, validation, config, checkpoint, progress)
    if not checkpoint.is_file():
        raise UsageError(f"{checkpoint}: the use case's train left nothing here", hint="write the model there: core.files.atomic_path")
    return model


def trains_itself(usecase: UseCase) -> bool:
    """Whether a use case has a training of its own."""
    return callable(getattr(usecase, "train", None))


def load_model(usecase: UseCase, config: Config, checkpoint: Path) -> Model:
    """The model that a training left in ``checkpoint``; `DataError` where there is none."""
    if not checkpoint.is_file():
        raise DataError(f"{checkpoint}: no checkpoint here", hint="train first: bartik train USECASE --out DIR")
    own = getattr(usecase, "load", None)
    return (own if callable(own) else load_trained)(usecase, config, checkpoint)


def _forget_others(checkpoint: Path, key: str) -> None:
    """Remove what another training left: its key, which lies beside it, is another."""
    named = checkpoint.with_suffix(".key")
    if not named.is_file() or named.read_text(encoding="utf-8") != key:
        checkpoint.unlink(missing_ok=True)
        write_text(named, key)
