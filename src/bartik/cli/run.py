"""``bartik run``."""

from __future__ import annotations

from bartik.cli.common import ConfigLayer, DataPath, OutFolder, Settings, UseCaseName, next_step
from bartik.cli.steps import run_until


def run(usecase: UseCaseName, config: ConfigLayer = "", settings: Settings = None, data: DataPath = None, out: OutFolder = None) -> None:
    """Take a use case from data to a compiled, checked, registered model and a report.

    Steps that are already done are kept; stopped at any point, the same command continues.

    Example: bartik run ghost_probability --data 06_velo_tracking --out runs/real
    """
    done = run_until("report", usecase, config, settings, data, out)
    print(done.report)
    next_step(f"open {done.report} in a browser, or: bartik compile {done.bundle} --target cxx -o generated")
