"""``bartik bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bartik.cli.common import BundlePath, next_step

Backends = Annotated[list[str] | None, typer.Option("--backend", metavar="NAME", help="Only these; otherwise all.")]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the numbers, with the machine they are of.")]
PlotFile = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Also draw them (.png or .svg).")]
Seconds = Annotated[float, typer.Option("--seconds", help="Time spent on each batch size.")]


def bench(bundle: BundlePath, backend: Backends = None, json: JsonFile = None, plot: PlotFile = None, seconds: Seconds = 2.0) -> None:
    """Measure all backends side by side, in turn in one process, against the trigger's time budget.

    Example: bartik bench runs/ghost_probability/bundle --json bench.json --plot bench.png
    """
    import bartik
    from bartik.core.files import write_json
    from bartik.profile.bench import bench as measure
    from bartik.profile.bench import format_table

    measured = measure(bartik.load(bundle), backend, seconds=seconds)
    print(format_table(measured))
    if json is not None:
        write_json(json, measured.to_dict())
    if plot is not None:
        from bartik.plots import save
        from bartik.workflow.page import speed_figure

        save(speed_figure(measured), plot)
    next_step(f"bartik compile {bundle} --target cxx -o generated")
