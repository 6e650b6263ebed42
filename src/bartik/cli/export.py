"""``bartik export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bartik.cli.common import ConfigLayer, DataPath, OutFolder, Settings, next_step
from bartik.cli.steps import run_until
from bartik.core import UsageError

_Source = Annotated[str, typer.Argument(metavar="USECASE|FILE", help="A use case (its name or folder), or a model file.")]
_BundleOut = Annotated[Path | None, typer.Option("--output", "-o", metavar="BUNDLE", help="For a FILE: the folder of the bundle to write.")]
_Name = Annotated[str, typer.Option("--name", metavar="NAME", help="For a FILE: the model's name; default: the file's.")]


def export(
    source: _Source,
    output: _BundleOut = None,
    name: _Name = "",
    config: ConfigLayer = "",
    settings: Settings = None,
    data: DataPath = None,
    out: OutFolder = None,
) -> None:
    """Write the trained model of a use case, or of a file, as a bundle.

    A FILE is a model of XGBoost (JSON, UBJSON), LightGBM (text), CatBoost (JSON, cbm), Keras 3 (.keras), TMVA (XML weights), lwtnn
    (JSON) or ONNX, told by what is in it, and is compared with its own framework's arithmetic.

    Example: bartik export ghost_probability --out runs/ghost_probability

    Example: bartik export model.json -o bundles/model

    Example: bartik export TMVAClassification_BDT.weights.xml -o bundles/bdt
    """
    if Path(source).is_file():
        if config or settings or data is not None or out is not None:
            raise UsageError(f"{source} is a file: --config, --set, --data and --out are for use cases", hint=_example(source))
        path = _export_file(Path(source), output, name)
    else:
        _check_usecase(source, output, name)
        path = run_until("export", source, config, settings, data, out).bundle
    print(path)
    next_step(f"bartik check {path}")


def _export_file(file: Path, output: Path | None, name: str) -> Path:
    if output is None:
        raise UsageError(f"{file}: where to? -o BUNDLE is missing", hint=_example(str(file)))
    from bartik.exporters.files import export_file

    return export_file(file, output, name=name).path


def _check_usecase(source: str, output: Path | None, name: str) -> None:
    if output is not None or name:
        what = "is a folder, and no model file" if Path(source).is_dir() else "no such file"
        hint = f"for a use case: bartik export {source} --out DIR"
        raise UsageError(f"{source}: {what}; -o and --name are for files", hint=hint)


def _example(file: str) -> str:
    return f"bartik export {file} -o BUNDLE"
