"""``bartik predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bartik.cli.common import BundlePath

Input = Annotated[
    Path, typer.Argument(metavar="FILE", help="Rows to score: .root, .parquet, .csv or .npz; or raw events the use case reads.")
]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Scores, in the format its ending tells.")]
BackendName = Annotated[str, typer.Option("--backend", metavar="NAME", help="Which runtime computes them.")]


def predict(bundle: BundlePath, file: Input, output: Output, backend: BackendName = "native") -> None:
    """Score a file with a bundle.

    Example: bartik predict runs/ghost_probability/bundle tracks.root -o scores.parquet
    """
    import bartik
    from bartik.workflow.predict import predict_file

    rows = predict_file(bartik.load(bundle), file, output, backend)
    print(f"{output}: {rows} rows scored by {backend}")
