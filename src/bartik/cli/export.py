"""``bartik export``."""

from __future__ import annotations

from bartik.cli.common import ConfigLayer, DataPath, OutFolder, Settings, UseCaseName, next_step
from bartik.cli.steps import run_until


def export(usecase: UseCaseName, config: ConfigLayer = "", settings: Settings = None, data: DataPath = None, out: OutFolder = None) -> None:
    """Write the trained model of a use case as a bundle.

    Example: bartik export ghost_probability --out runs/ghost_probability
    """
    run = run_until("export", usecase, config, settings, data, out)
    print(run.bundle)
    next_step(f"bartik check {run.bundle}")
