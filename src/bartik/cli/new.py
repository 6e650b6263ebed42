"""``bartik new``."""

from __future__ import annotations

from typing import Annotated

import typer

from bartik.cli.common import next_step

Name = Annotated[str, typer.Argument(metavar="NAME", help="An identifier: the name of the use case and of its folder.")]


def new(name: Name) -> None:
    """Write a use case that works, to change into your own.

    Example: bartik new two_body_decay && bartik run ./two_body_decay
    """
    from bartik.workflow.scaffold import write_usecase

    for path in write_usecase(name):
        print(path)
    next_step(f"bartik run ./{name} --config tiny, then put your own data into {name}/data.py")
