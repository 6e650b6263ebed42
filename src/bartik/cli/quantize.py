"""``bartik quantize``."""

from __future__ import annotations

from typing import Annotated

import typer

from bartik.cli.common import BundlePath, Json
from bartik.cli.smaller import Output, Rows, Target, make_smaller

_To = Annotated[str, typer.Option("--to", metavar="int8|fp16", help="Products in 8 bits, or weights in 16.")]


def quantize(bundle: BundlePath, output: Output, to: _To = "int8", data: Rows = None, target: Target = "", as_json: Json = False) -> None:
    """Make a bundle with smaller numbers, and print what that costs.

    Example: bartik quantize runs/ghost_probability/bundle --to int8 -o runs/ghost_probability/int8
    """
    import bartik
    from bartik.exporters.quantized import quantize as write

    opened = bartik.load(bundle)
    make_smaller(opened, data, target, lambda rows: write(opened, rows, output, to), as_json=as_json)
