"""``bartik narrow``."""

from __future__ import annotations

from typing import Annotated

import typer

from bartik.cli.common import BundlePath, Json
from bartik.cli.smaller import Output, Rows, Target, make_smaller

_Keep = Annotated[float, typer.Option("--keep", metavar="SHARE", help="Share of the units of each hidden layer that stay.")]


def narrow(bundle: BundlePath, output: Output, keep: _Keep = 0.5, data: Rows = None, target: Target = "", as_json: Json = False) -> None:
    """Make a bundle with fewer hidden units, those that matter most, and print what that costs.

    Example: bartik narrow runs/ghost_probability/bundle --keep 0.7 -o runs/ghost_probability/narrow
    """
    import bartik
    from bartik.exporters.narrowed import narrow as write

    opened = bartik.load(bundle)
    make_smaller(opened, data, target, lambda rows: write(opened, rows, output, keep), as_json=as_json)
