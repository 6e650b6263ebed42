"""``bartik quantize``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bartik.cli.common import BundlePath, Json, emit, next_step

_Output = Annotated[Path, typer.Option("-o", "--output", metavar="BUNDLE", help="Folder of the bundle to write.")]
_To = Annotated[str, typer.Option("--to", metavar="int8|fp16", help="Products in 8 bits, or weights in 16.")]
_Data = Annotated[
    Path | None, typer.Option("--data", metavar="RUN|FILE", help="A run's folder, or a table; default: the run the bundle lies in.")
]
_Target = Annotated[str, typer.Option("--target", metavar="COLUMN", help="Of a table: 1 for signal, 0 for background; gives the AUC.")]


def quantize(
    bundle: BundlePath, output: _Output, to: _To = "int8", data: _Data = None, target: _Target = "", as_json: Json = False
) -> None:
    """Make a bundle with smaller numbers, and print what that costs.

    Example: bartik quantize runs/ghost_probability/bundle --to int8 -o runs/ghost_probability/int8
    """
    import bartik
    from bartik.workflow.quantize import quantize_run, quantize_table

    opened = bartik.load(bundle)
    source = data or opened.path.parent
    if source.is_file():
        made, changes = quantize_table(opened, source, target, output, to)
    else:
        made, changes = quantize_run(opened, source, output, to)
    sizes = [b.model_path.stat().st_size for b in (opened, made)]
    for change in changes:
        if as_json:
            emit({"metric": change.metric, "before": change.before.value, "after": change.after.value})
        else:
            print(change)
    if not as_json:
        print(f"{'model.onnx':<36} {sizes[0]} -> {sizes[1]} bytes")
    print(made.path)
    next_step(f"bartik check {made.path}; bartik bench {made.path}")
