"""``bartik train``."""

from __future__ import annotations

from bartik.cli.common import ConfigLayer, DataPath, OutFolder, Settings, UseCaseName, next_step
from bartik.cli.steps import run_until


def train(usecase: UseCaseName, config: ConfigLayer = "", settings: Settings = None, data: DataPath = None, out: OutFolder = None) -> None:
    """Train a use case, or go on with a training that was stopped.

    Example: bartik train ghost_probability --set train.epochs=20 --out runs/short
    """
    run = run_until("train", usecase, config, settings, data, out)
    print(run.checkpoint)
    next_step(f"bartik score {usecase} --out {run.folder}")
