"""``bartik models``: the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli import models_keep, models_show
from bartik.cli.common import Json, emit, next_step

if TYPE_CHECKING:
    from bartik.registry import Version

app = typer.Typer(help="Versions of models: which is in use, where it comes from, which comes next.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(metavar="NAME[@ALIAS|@NUMBER]", help="A registered model: its alias, or number of its version.")]
Override = Annotated[
    str | None, typer.Option("--override", metavar="REASON", help="Promote although a gate failed or was not measured; recorded.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="REASON", help="Why; recorded with the version.")]

_SHOW = "Look"
_CHANGE = "Change"
_KEEP = "Keep"


@app.callback()
def models() -> None:
    """Versions of models: which is in use, where it comes from, which comes next."""


@app.command("list", rich_help_panel=_SHOW)
def list_models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only versions of this model.")] = None, as_json: Json = False
) -> None:
    """List the versions of every model, oldest first.

    Example: bartik models list ghost_probability --json
    """
    from bartik.registry import place, versions

    found = versions(name)
    for version in found:
        if as_json:
            emit(version.to_dict())
        else:
            _line(version)
    if not found:
        print(f"no models in {place()}", file=typer.get_text_stream("stderr"))
        next_step("bartik run USECASE registers one")
    elif not as_json:
        next_step(f"bartik models show {found[-1].reference}")


@app.command("promote", rich_help_panel=_CHANGE)
def promote(reference: Reference, override: Override = None, as_json: Json = False) -> None:
    """Make a version the champion (without @: the candidate); the champion before it becomes archived.

    Refuses a version that failed a gate, or whose gates were not measured against the present champion.

    Example: bartik models promote ghost_probability@candidate
    """
    from bartik.registry import promote

    version = promote(reference, override=override)
    _result(version, as_json)
    next_step(f"bartik models show {version.name}@champion")


@app.command("retire", rich_help_panel=_CHANGE)
def retire(reference: Reference, reason: Reason, as_json: Json = False) -> None:
    """Take the alias champion away from a version, which becomes archived.

    Example: bartik models retire ghost_probability --reason "trained before the sensors were moved"
    """
    from bartik.registry import retire

    version = retire(reference, reason)
    _result(version, as_json)
    next_step(f"bartik models promote {version.name}@candidate, or {version.name}@NUMBER")


def _result(version: Version, as_json: bool) -> None:
    if as_json:
        emit(version.to_dict())
    else:
        _line(version)


def _line(version: Version) -> None:
    aliases = " ".join(f"@{alias}" for alias in version.aliases)
    print(f"{version.reference:<32} {version.created:<26} {version.digest[:12]:<13} {aliases}".rstrip())


app.command("show", rich_help_panel=_SHOW)(models_show.show)
app.command("diff", rich_help_panel=_SHOW)(models_show.diff)
app.command("lineage", rich_help_panel=_SHOW)(models_show.lineage)
app.command("page", rich_help_panel=_SHOW)(models_keep.page)
app.command("reproduce", rich_help_panel=_KEEP)(models_keep.reproduce)
app.command("archive", rich_help_panel=_KEEP)(models_keep.archive)
