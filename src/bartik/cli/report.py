"""``bartik report``."""

from __future__ import annotations

from bartik.cli.common import ConfigLayer, DataPath, OutFolder, Settings, UseCaseName, next_step
from bartik.cli.steps import run_until


def report(usecase: UseCaseName, config: ConfigLayer = "", settings: Settings = None, data: DataPath = None, out: OutFolder = None) -> None:
    """Write the page of a run: model card, figures, parity, speed, provenance.

    Example: bartik report ghost_probability --out runs/ghost_probability
    """
    run = run_until("report", usecase, config, settings, data, out)
    print(run.report)
    next_step(f"open {run.report} in a browser")
