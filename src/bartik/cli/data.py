"""``bartik data``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bartik.cli.common import ConfigLayer, DataPath, Json, OutFolder, Settings, UseCaseName, emit, next_step
from bartik.cli.steps import run_until
from bartik.core import UsageError

app = typer.Typer(help="Build the rows a use case is trained on; keep versions of data.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(metavar="NAME[@DIGEST]", help="A dataset (its newest version), or one version.")]
References = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME[@DIGEST]]...", help="Datasets (the newest version of each) or versions; all, where left out."),
]


@app.callback()
def data() -> None:
    """Build the rows a use case is trained on; keep versions of data."""


@app.command("build")
def build(usecase: UseCaseName, config: ConfigLayer = "", settings: Settings = None, data: DataPath = None, out: OutFolder = None) -> None:
    """Read events, make the rows of each split, and record their digests.

    Example: bartik data build ghost_probability --data 06_velo_tracking --out runs/real
    """
    run = run_until("data", usecase, config, settings, data, out)
    print(run.data_record)
    next_step(f"bartik train {usecase} --out {run.folder}")


@app.command("add")
def add(
    source: Annotated[str, typer.Argument(metavar="PATH|URL", help="A file or folder, or root://, https://, s3:// ...")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the dataset; default: that of the file.")] = "",
    unit: Annotated[list[str] | None, typer.Option("--unit", metavar="COLUMN=UNIT", help="Unit of a column; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Record a version of data: its digest, schema, units, summary and source; DVC keeps the data itself.

    Example: bartik data add root://eos.example//store/tracks.root --name tracks --unit pt=GeV
    """
    from bartik.registry import datasets, dvc

    version = datasets.add(source, name, dict(map(_pair, unit or ())))
    if as_json:
        emit(version.to_dict())
    else:
        print(version.reference)
    if dvc.is_installed():
        next_step(f"bartik data show {version.reference}; bartik data push")
    else:
        print("DVC is not installed: recorded, but not kept by DVC; pip install 'bartik[dvc]' and bartik data push", file=sys.stderr)


@app.command("list")
def list_versions(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One dataset; all, where left out.")] = None, as_json: Json = False
) -> None:
    """List the versions of datasets, oldest first.

    Example: bartik data list
    """
    from bartik.cli.data_text import version_lines
    from bartik.registry import datasets

    found = datasets.versions(name)
    if as_json:
        for version in found:
            emit(version.to_dict() | {"here": datasets.is_here(version)})
    elif found:
        print("\n".join(version_lines(found, datasets.is_here)))
    else:
        next_step("bartik data add PATH|URL")


@app.command("show")
def show(reference: Reference, as_json: Json = False) -> None:
    """Show what is known of a version: where it came from, its columns, their units and what is in them.

    Example: bartik data show tracks
    """
    from bartik.cli.data_text import description
    from bartik.registry import datasets

    version = datasets.find(reference)
    if as_json:
        emit(version.to_dict())
    else:
        print(description(version, datasets.folder_of(version)))


@app.command("verify")
def verify(references: References = None, as_json: Json = False) -> None:
    """Hash the data again, and say which file and which column is not as it was added. Leaves with 1 where one is not.

    Example: bartik data verify tracks
    """
    from bartik.registry import datasets

    wanted = references or [version.reference for version in datasets.versions()]
    bad = False
    for reference in wanted:
        version, findings = datasets.find(reference).reference, datasets.verify(reference)
        bad = bad or bool(findings)
        if as_json:
            emit({"version": version, "ok": not findings, "findings": findings})
        else:
            print("\n  ".join([f"{'-- ' if findings else 'ok '} {version}", *findings]))
    if bad:
        raise typer.Exit(1)


@app.command("push")
def push(
    references: References = None,
    to: Annotated[
        str, typer.Option("--to", metavar="REMOTE", help="A DVC remote's name, or a folder or address to set as the default.")
    ] = "",
) -> None:
    """Send data to DVC's remote: a folder (EOS), WebDAV, SSH or S3.

    Example: bartik data push --to /eos/project/bartik/data
    """
    from bartik.registry import datasets

    for version in datasets.push(references or (), to):
        print(version.reference)


@app.command("pull")
def pull(
    references: References = None,
    source: Annotated[str, typer.Option("--from", metavar="REMOTE", help="A DVC remote's name; default: the default one.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace data that was altered here.")] = False,
) -> None:
    """Bring data here from DVC's remote, and verify it.

    Example: bartik data pull tracks
    """
    from bartik.registry import datasets

    for version in datasets.pull(references or (), source, force=force):
        print(datasets.folder_of(version) / Path(version.content))


def _pair(text: str) -> tuple[str, str]:
    column, equals, unit = text.partition("=")
    if not (column and equals and unit):
        raise UsageError(f"--unit {text!r}: wanted COLUMN=UNIT", hint="for example --unit pt=GeV")
    return column, unit
