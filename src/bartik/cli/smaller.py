"""What the verbs share that make a bundle smaller: their options, and what they print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import emit, next_step

if TYPE_CHECKING:
    from bartik.core.bundle import Bundle
    from bartik.workflow.smaller import Make

Output = Annotated[Path, typer.Option("-o", "--output", metavar="BUNDLE", help="Folder of the bundle to write.")]
Rows = Annotated[
    Path | None, typer.Option("--data", metavar="RUN|FILE", help="A run's folder, or a table; default: the run the bundle lies in.")
]
Target = Annotated[str, typer.Option("--target", metavar="COLUMN", help="Of a table: 1 for signal, 0 for background; gives the AUC.")]


def make_smaller(bundle: Bundle, data: Path | None, target: str, make: Make, *, as_json: bool) -> None:
    """Write the smaller bundle; print each metric before and after, and both sizes."""
    from bartik.workflow.smaller import smaller

    made, changes = smaller(bundle, data or bundle.path.parent, target, make)
    sizes = [b.model_path.stat().st_size for b in (bundle, made)]
    for change in changes:
        if as_json:
            emit({"metric": change.metric, "before": change.before.value, "after": change.after.value})
        else:
            print(change)
    if not as_json:
        print(f"{'model.onnx':<36} {sizes[0]} -> {sizes[1]} bytes")
    print(made.path)
    next_step(f"bartik check {made.path}; bartik bench {made.path}")
