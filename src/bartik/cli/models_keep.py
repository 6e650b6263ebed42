"""``bartik models reproduce``, ``archive`` and ``page``: a model made again, a model kept for those who come later, all of them to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import Json, emit, next_step, progress_for
from bartik.core import CheckError, UsageError

if TYPE_CHECKING:
    from bartik.registry import Version
    from bartik.workflow.reproduce import Reproduction

Model = Annotated[str, typer.Argument(metavar="NAME[@ALIAS|@NUMBER]", help="Without @: the champion.")]
Data = Annotated[str, typer.Option("--data", metavar="PATH", help="Where the data are now, if not where they were.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder of the new run.")]
Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only versions of this model.")]
Pages = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write.")]
File = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="The archive, .tar.gz.")]


def reproduce(reference: Model, data: Data = "", out: Out = None, as_json: Json = False) -> None:
    """Train a registered model again from its record and compare; exit code 1 where it is not the same to the bit.

    Nothing is checked out or installed: what has changed since (data, code, packages, machine) is named.

    Example: bartik models reproduce ghost_probability@champion
    """
    import bartik
    from bartik.workflow.pipeline import run_steps
    from bartik.workflow.plan import steps_until
    from bartik.workflow.reproduce import compared, recorded_run
    from bartik.workflow.results import verified

    version = _find(reference)
    bundle = bartik.load(version.reference)
    folder = out or Path("runs") / f"{version.name}_{version.number}_reproduced"
    run = recorded_run(bundle, version.reference, folder, data, progress_for(folder))
    run_steps(run, steps_until("export"))
    found = compared(bundle, version.reference, verified(run), run)
    _show(found, as_json)
    if not found.same:
        raise CheckError(f"{version.reference}: not reproduced to the bit", hint=f"likely cause: {found.cause}")


def archive(reference: Model, output: File = None) -> None:
    """Pack a model with all that a reader without Bartik needs to understand, verify and run it.

    Example: bartik models archive ghost_probability@champion -o ghost_probability.tar.gz
    """
    import bartik
    from bartik.workflow.archive import write_archive

    version = _find(reference)
    path = output or Path(f"{version.name}-{version.number}.tar.gz")
    for name in write_archive(bartik.load(version.reference), version.reference, path):
        print(name)
    next_step(f"tar xf {path} && python {version.name}-{version.number}/run.py")


def page(name: Name = None, output: Pages = Path("models")) -> None:
    """Write the registry as pages that are browsed offline: a list to search and sort, and a page for each version.

    Example: bartik models page -o models && open models/index.html
    """
    from bartik.registry import details, place, versions
    from bartik.report import write_catalogue

    found = versions(name)
    if not found:
        raise UsageError(f"no models in {place()}", hint="bartik run USECASE registers one")
    path = write_catalogue([details(version.reference) for version in reversed(found)], place(), output)
    print(path)
    next_step(f"open {path} in a browser")


def _find(reference: str) -> Version:
    from bartik.registry import CHAMPION, find, versions

    name, at, _ = reference.partition("@")
    found = find(reference if at or "/" in reference else f"{name}@{CHAMPION}")
    if found is None:
        known = [v.reference for v in versions(name.partition("/")[0])]
        raise UsageError(f"{reference}: no such version", hint=f"known: {', '.join(known)}")
    return found


def _show(found: Reproduction, as_json: bool) -> None:
    if as_json:
        emit(found.to_dict())
        return
    for what, how in found.changed.items():
        print(f"changed since: {what}: {how}")
    if found.same:
        print(f"{found.reference}: the same to the bit, ONNX digest {found.found}")
        return
    print(f"ONNX digest {found.wanted[:12]} was, {found.found[:12]} is")
    print(f"largest difference: {found.weights:.3g} of a weight, {found.scores:.3g} of a score on the reference inputs")
