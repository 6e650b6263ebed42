"""``bartik register``."""

from __future__ import annotations

from bartik.cli.common import ConfigLayer, DataPath, OutFolder, Settings, UseCaseName, next_step
from bartik.cli.steps import run_until


def register(
    usecase: UseCaseName, config: ConfigLayer = "", settings: Settings = None, data: DataPath = None, out: OutFolder = None
) -> None:
    """Enter the bundle of a run in the registry, as candidate.

    Example: bartik register ghost_probability --out runs/ghost_probability
    """
    run = run_until("register", usecase, config, settings, data, out)
    print(f"{run.name}@candidate")
    next_step(f"bartik report {usecase} --out {run.folder}")
