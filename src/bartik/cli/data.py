"""``bartik data``."""

from __future__ import annotations

import typer

from bartik.cli.common import ConfigLayer, DataPath, OutFolder, Settings, UseCaseName, next_step
from bartik.cli.steps import run_until

app = typer.Typer(help="Build the rows a use case is trained on.", no_args_is_help=True)


@app.callback()
def data() -> None:
    """Build the rows a use case is trained on."""


@app.command("build")
def build(usecase: UseCaseName, config: ConfigLayer = "", settings: Settings = None, data: DataPath = None, out: OutFolder = None) -> None:
    """Read events, make the rows of each split, and record their digests.

    Example: bartik data build ghost_probability --data 06_velo_tracking --out runs/real
    """
    run = run_until("data", usecase, config, settings, data, out)
    print(run.data_record)
    next_step(f"bartik train {usecase} --out {run.folder}")
