"""``bartik predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bartik.cli.common import SkipBad, say_skipped

_Models = Annotated[
    str,
    typer.Argument(metavar="BUNDLE", help="Folder of a bundle, a registered NAME@ALIAS or NAME/VERSION, or the run of several models."),
]
Input = Annotated[
    Path, typer.Argument(metavar="FILE", help="Rows to score: .root, .parquet, .csv or .npz; or raw events the use case reads.")
]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Scores, in the format its ending tells.")]
BackendName = Annotated[
    str, typer.Option("--backend", metavar="NAME", help="Which runtime computes them; default: native, or onnxruntime where that cannot.")
]


def predict(bundle: _Models, file: Input, output: Output, backend: BackendName = "", skip_bad: SkipBad = False) -> None:
    """Score a file with a bundle, or have all models of a run make of raw events what they make together.

    Example: bartik predict runs/ghost_probability/bundle tracks.root -o scores.parquet

    Example: bartik predict runs/velo_tracking events/ -o tracks.csv --skip-bad
    """
    import bartik
    from bartik.backends import default_backend
    from bartik.core import DataError
    from bartik.workflow.predict import predict_file, predict_run, run_of_models

    skipped: list[DataError] | None = [] if skip_bad else None
    usecase = run_of_models(Path(bundle)) if Path(bundle).is_dir() else None
    if usecase is None:
        opened = bartik.load(bundle)
        runtime = backend or default_backend(opened)
        rows = predict_file(opened, file, output, runtime, skipped)
        print(f"{output}: {rows} rows scored by {runtime}")
    else:
        rows = predict_run(usecase, Path(bundle), file, output, skipped)
        print(f"{output}: {rows} rows")
    say_skipped(skipped)
