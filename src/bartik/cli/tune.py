"""``bartik tune``."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bartik.cli.common import ConfigLayer, DataPath, Json, Settings, UseCaseName, emit, next_step, progress_for
from bartik.core import UsageError
from bartik.core.plugins import find_usecase, usecase_name

if TYPE_CHECKING:
    from bartik.tune.campaign import Campaign, Plan
    from bartik.tune.results import Results
    from bartik.workflow.campaign import Where
    from bartik.workflow.run import Run

_Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The campaign's folder; default runs/USECASE_tuned.")]
_Trials = Annotated[int, typer.Option("--trials", metavar="N", min=1, help="Finished or stopped early, all together.")]
_Together = Annotated[int, typer.Option("--together", metavar="N", min=1, help="Train so many small networks as one, each as if alone.")]
_Space = Annotated[Path | None, typer.Option("--space", metavar="FILE", help="What is searched, in place of the use case's space.toml.")]
_Objectives = Annotated[str, typer.Option("--objectives", metavar="score|score,time", help="time: microseconds an event, natively.")]
_Metric = Annotated[str, typer.Option("--metric", metavar="NAME", help="What the score is; default: as the space has it.")]
_Sampler = Annotated[str, typer.Option("--sampler", metavar="NAME", help="tpe, cmaes or random.")]
_Pruner = Annotated[str, typer.Option("--pruner", metavar="NAME", help="asha, hyperband or none; without effect on two objectives.")]
_Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the choice of values.")]
_On = Annotated[str, typer.Option("--on", metavar="PLACE", help="local, htcondor, slurm, ray, or the folder of a Snakemake profile.")]
_Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=0, help="Workers at once; 0: one a core, or 10 on a batch system.")]
_Resources = Annotated[
    list[str] | None, typer.Option("--resource", metavar="KEY=VALUE", help="Of a worker: threads=2, mem_mb=4000, runtime=240 (minutes) ...")
]
_Storage = Annotated[str, typer.Option("--storage", metavar="URL", help="A database for large campaigns (postgresql+psycopg://...).")]
_Join = Annotated[bool, typer.Option("--join", help="Be one more worker of the campaign in --out, from any machine that sees it.")]
_Record = Annotated[str, typer.Option("--record", hidden=True)]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and stop.")]


def tune(
    usecase: UseCaseName,
    trials: _Trials = 100,
    config: ConfigLayer = "",
    settings: Settings = None,
    data: DataPath = None,
    out: _Out = None,
    space: _Space = None,
    together: _Together = 1,
    objectives: _Objectives = "score",
    metric: _Metric = "",
    sampler: _Sampler = "tpe",
    pruner: _Pruner = "asha",
    seed: _Seed = 1,
    on: _On = "local",
    jobs: _Jobs = 0,
    resources: _Resources = None,
    storage: _Storage = "",
    join: _Join = False,
    record: _Record = "",
    dry_run: _DryRun = False,
    as_json: Json = False,
) -> None:
    """Search for better hyperparameters; the winner becomes a candidate through the ordinary pipeline.

    Data are prepared once. Every trial is counted once, whatever is killed meanwhile; stopped at any point, the same command continues.

    Example: bartik tune ghost_probability --trials 200 --out runs/campaign

    Example: bartik tune ghost_probability --objectives score,time --on slurm --jobs 50 --resource mem_mb=2000
    """
    _require_optuna()
    from bartik.tune.campaign import Plan

    folder = out or Path("runs") / f"{usecase_name(find_usecase(usecase))}_tuned"
    if join:
        _join(usecase, folder, record)
        return
    plan = Plan(trials, tuple(objectives.split(",")), metric, sampler, pruner, seed, together, storage)
    where = _where(on, jobs, resources)
    campaign, run = _prepared(usecase, config, settings, data, folder, space, plan)
    _drive(campaign, run, usecase, where, dry_run=dry_run, as_json=as_json)


def _require_optuna() -> None:
    try:
        import_module("optuna")
    except ModuleNotFoundError as error:
        raise UsageError("bartik tune: Optuna is not installed", hint="pip install 'bartik[tune]'") from error


def _join(usecase: str, folder: Path, record: str) -> None:
    from bartik.tune.campaign import join
    from bartik.workflow.campaign import take_part
    from bartik.workflow.lifeline import end_with_run
    from bartik.workflow.run import Run

    end_with_run()
    campaign = join(folder, find_usecase(usecase))
    run = Run(campaign.usecase, campaign.config, campaign.candidate, progress_for(folder))
    take_part(campaign, run, record)


def _prepared(
    usecase: str, config: str, settings: list[str] | None, data: Path | None, folder: Path, space: Path | None, plan: Plan
) -> tuple[Campaign, Run]:
    """The campaign, with its data built and itself written down, and the run that its winner will be."""
    import tomllib

    from bartik.cli.common import configure
    from bartik.cli.steps import run_until
    from bartik.core.plugins import usecase_folder
    from bartik.train import trains_itself
    from bartik.tune.campaign import Campaign
    from bartik.tune.space import read_space, space_file

    found = find_usecase(usecase)
    if trains_itself(found):
        raise UsageError(f"{usecase}: trains in its own way, and only the common loop can be tuned", hint="bartik run with --set instead")
    path = space_file(usecase_folder(found), space)
    read_space(path, configure(found, config, settings, data))
    run = run_until("data", usecase, config, settings, data, folder / "candidate")
    campaign = Campaign(folder, found, run.config, tomllib.loads(path.read_text(encoding="utf-8")), plan)
    campaign.save()
    return campaign, run


def _drive(campaign: Campaign, run: Run, usecase: str, where: Where, *, dry_run: bool, as_json: bool) -> None:
    from bartik.tune.cost import estimate, joules
    from bartik.tune.results import results_of
    from bartik.tune.study import open_study
    from bartik.workflow.campaign import drive, finish, spent
    from bartik.workflow.campaign_speed import NetworkSpeed

    progress = progress_for(campaign.folder)
    before, study = joules(), open_study(campaign)
    left = campaign.plan.trials - len(results_of(campaign, study).done)
    if left > 0:
        progress(str(estimate(campaign, left, min(where.jobs, left), NetworkSpeed(campaign))))
    if dry_run:
        return
    results = drive(campaign, where, usecase, progress)
    cost = spent(results, before)
    progress(f"{len(results.done)} trials, {cost}")
    _show(results, finish(results, study, run, cost), as_json=as_json)


def _show(results: Results, version: dict[str, Any], *, as_json: bool) -> None:
    best, campaign = results.best, results.campaign
    assert best is not None  # noqa: S101 - `finish` refuses
    if as_json:
        found = {"trials": len(results.done), "lost": results.lost, "best": best.score, "us_per_event": best.us_per_event}
        emit(
            found | {"settings": dict(best.settings), "candidate": f"{version['name']}/{version['number']}", "report": str(campaign.report)}
        )
    else:
        print(campaign.report)
    next_step(f"open {campaign.report} in a browser, then: bartik models promote {version['name']}@{version['number']}")


def _where(on: str, jobs: int, resources: list[str] | None) -> Where:
    from bartik.workflow.campaign import Where
    from bartik.workflow.engine import require_place

    require_place(on)
    return Where(on, jobs or ((os.cpu_count() or 1) if on == "local" else 10), _resources(resources))


def _resources(given: list[str] | None) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    for setting in given or ():
        key, equals, value = setting.partition("=")
        if not equals or not key or not value:
            raise UsageError(f"--resource {setting!r}: wanted KEY=VALUE", hint="for example --resource mem_mb=4000")
        found[key] = int(value) if value.isdecimal() else value
    return found
