"""``bartik ci``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bartik.cli.common import UseCaseName, next_step

app = typer.Typer(help="Runners of GitLab and GitHub for a use case.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--folder", metavar="DIR", help="The repository.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]


@app.callback()
def ci() -> None:
    """Runners of GitLab and GitHub for a use case."""


@app.command("init")
def init(usecase: UseCaseName, folder: Folder = Path(), force: Force = False) -> None:
    """Write .gitlab-ci.yml and a GitHub workflow: test, train, gates, and publish on a tag.

    Example: cd two_body_decay && bartik ci init two_body_decay
    """
    from bartik.core.plugins import find_usecase, usecase_name
    from bartik.workflow.ci_files import write_ci

    for path in write_ci(usecase_name(find_usecase(usecase)), folder, force=force):
        print(path)
    next_step("read the variables at the top of each, commit, push; publish by pushing a tag")
