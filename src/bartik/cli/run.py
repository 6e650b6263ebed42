"""``bartik run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import ConfigLayer, DataPath, Json, OutFolder, Settings, SkipBad, UseCaseName, emit, next_step
from bartik.cli.steps import configured_run, only_step, whole_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bartik.workflow.jobs import Job

_On = Annotated[str, typer.Option("--on", metavar="PLACE", help="local, htcondor, slurm, ray, or the folder of a Snakemake profile.")]
_Only = Annotated[str, typer.Option("--only", metavar="STEP", help="This step alone, here; those before it must be done.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and why, and do nothing.")]
_Graph = Annotated[Path | None, typer.Option("--graph", metavar="FILE", help="Draw the plan (.svg, .png, .pdf or Graphviz .dot).")]


def run(
    usecase: UseCaseName,
    config: ConfigLayer = "",
    settings: Settings = None,
    data: DataPath = None,
    out: OutFolder = None,
    on: _On = "local",
    only: _Only = "",
    dry_run: _DryRun = False,
    graph: _Graph = None,
    skip_bad: SkipBad = False,
    as_json: Json = False,
) -> None:
    """Take a use case from data to a compiled, checked, registered model and a report.

    Steps that are already done are kept; stopped at any point, the same command continues. Several models are trained in parallel.

    Example: bartik run ghost_probability --data 06_velo_tracking --out runs/real

    Example: bartik run ghost_probability --on slurm --dry-run
    """
    from bartik.workflow.engine import execute
    from bartik.workflow.lifeline import end_with_run

    settings = [*(settings or ()), *(["data.skip_bad=true"] if skip_bad else [])]
    if only:
        end_with_run()
        only_step(configured_run(usecase, config, settings, data, out), only)
        return
    whole, planned = whole_run(usecase, config, settings, data, out)
    if dry_run or graph is not None:
        _show(planned, graph, as_json=as_json)
        return
    for job in planned:
        if job.state.done:
            whole.progress(str(job))
    if not all(job.state.done for job in planned):
        execute(planned, whole.folder, on=on)
    print(whole.report)
    bundles = [job.run.bundle for job in planned if job.state.step.name == "export"]
    next_step(f"open {whole.report} in a browser, or: bartik compile {bundles[-1]} --target cxx -o generated")


def _show(planned: Sequence[Job], graph: Path | None, *, as_json: bool) -> None:
    from bartik.workflow.plan_graph import write_graph

    for job in planned:
        if as_json:
            emit({"job": job.name, "after": list(job.after), "done": job.state.done, "why": job.state.why})
        else:
            print(job)
    if graph is not None:
        write_graph(planned, graph)
        next_step(f"look at {graph}")
