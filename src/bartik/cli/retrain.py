"""``bartik retrain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import ConfigLayer, Json, OutFolder, Settings, UseCaseName, emit, next_step
from bartik.cli.steps import run_until
from bartik.core import CheckError

if TYPE_CHECKING:
    from bartik.workflow.retrain import Retraining

NewData = Annotated[
    Path | None, typer.Option("--data", metavar="PATH", help="The new data; without it, where the configuration finds some.")
]
Warm = Annotated[bool, typer.Option("--warm-start", help="Begin with the champion's weights instead of from scratch.")]


def retrain(
    usecase: UseCaseName,
    data: NewData = None,
    warm: Warm = False,
    config: ConfigLayer = "",
    settings: Settings = None,
    out: OutFolder = None,
    as_json: Json = False,
) -> None:
    """Train a candidate on new data and compare it with the champion; exit code 1 where a gate keeps it from promotion.

    Both models are judged on the champion's own test rows and on the new ones, with the same draws of events. Stopped at any point, the
    same command continues.

    Example: bartik retrain ghost_probability --data 2026_block7 --out runs/block7
    """
    from bartik.core.plugins import find_usecase, usecase_name
    from bartik.workflow.retrain import champion_of, judge, warm_start
    from bartik.workflow.steps.report import report_run

    name = usecase_name(find_usecase(usecase))
    champion = champion_of(name)
    start = [f"train.start={warm_start(champion, name)}"] if warm else []
    run = run_until("register", usecase, config, [*(settings or []), *start], data, out or Path("runs") / f"{name}_retrained")
    found = judge(run, champion, warm=warm)
    report_run(run)
    _show(found, as_json)
    if found.failed:
        many = f"{len(found.failed)} of {len(found.gates)} gates failed"
        raise CheckError(f"{found.candidate}: {many}: {', '.join(gate.name for gate in found.failed)}", hint=f"see {run.report}")
    next_step(f"see {run.report}, then: bartik models promote {found.candidate.replace('/', '@')}")


def _show(found: Retraining, as_json: bool) -> None:
    if as_json:
        emit(found.to_dict())
        return
    print(f"{found.candidate} against {found.champion or 'no champion'}")
    for gate in found.gates:
        print(f"  {gate}")
