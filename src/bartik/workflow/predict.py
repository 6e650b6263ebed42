"""Scores for a file of rows or of raw events, and what the models of a run make of raw events together."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Arrays, Config, DataError, TensorSpec, UsageError, UseCase, load_config
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.plugins import parts, recorded_usecase, usecase_folder
from bartik.data.tables import is_table, read_table, stack, write_table


def predict_file(bundle: Bundle, source: Path, target: Path, backend: str, skip_bad: list[DataError] | None = None) -> int:
    """Score ``source`` and write ``target``; the number of rows.

    A table must have the columns of the signature; any other file is given to the ``read`` of the bundle's use case, which leaves out bad
    events and adds their errors to ``skip_bad`` where it is given. The output has a column for each output, after those that name the rows.
    A use case with a ``write_predictions`` of its own writes what that does.
    """
    _check_target(source, target)
    session = prepare(bundle, backend)
    own = getattr(recorded_usecase(bundle.provenance.get("use_case", "")), "write_predictions", None)
    if own is not None:
        if skip_bad is not None:
            raise UsageError(f"{bundle.name}: does not know how to leave out bad events", hint="leave --skip-bad away")
        return int(own(bundle, session, source, target))
    inputs, names = _from_table(bundle, source, skip_bad) if is_table(source) else _from_events(bundle, source, skip_bad)
    outputs = session.run(inputs)
    columns = {k: v for spec in bundle.signature.outputs for k, v in _columns(spec, outputs).items()}
    write_table(target, names | columns)
    return len(next(iter(columns.values())))


def run_of_models(folder: Path) -> UseCase | None:
    """The use case of several models that ``folder`` is a run of, if it is one and can ``predict``."""
    made = sorted(folder.glob("*/bundle")) if not (folder / "bundle.json").exists() else []
    name = str(open_bundle(made[0]).provenance.get("use_case", "")).partition(".")[0] if made else ""
    found = recorded_usecase(name)
    return found if found is not None and parts(found) and hasattr(found, "predict") else None


def predict_run(usecase: UseCase, folder: Path, source: Path, target: Path, skip_bad: list[DataError] | None = None) -> int:
    """What the models of a run make of raw events together, as a table; the number of its rows."""
    _check_target(source, target)
    bundles = bundles_of(usecase, folder)
    columns = usecase.predict(bundles, run_config(usecase, folder), source, skip_bad)  # type: ignore[attr-defined]
    write_table(target, columns)
    return len(next(iter(columns.values())))


def bundles_of(usecase: UseCase, folder: Path) -> dict[str, Path]:
    """The bundle of every model of a run; `UsageError` where one is missing."""
    found = {part: folder / part / "bundle" for part in parts(usecase)}
    missing = [str(path) for path in found.values() if not path.is_dir()]
    if missing:
        raise UsageError(f"{missing[0]}: no bundle here", hint=f"finish the run: bartik run USECASE --out {folder}")
    return found


def run_config(usecase: UseCase, folder: Path) -> Config:
    """The configuration of the use case's own with which a run was made, its defaults where it says nothing."""
    written = folder / "configuration.json"
    return load_config(usecase_folder(usecase), layer=str(written) if written.exists() else "")


def _check_target(source: Path, target: Path) -> None:
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target}: is the file to be scored", hint="give -o another name")


def _from_table(bundle: Bundle, source: Path, skip_bad: list[DataError] | None) -> tuple[Arrays, Arrays]:
    if skip_bad is not None:
        raise UsageError(f"{source}: is a table of rows, not of events that could be left out", hint="leave --skip-bad away")
    inputs = {}
    for spec in bundle.signature.inputs:
        names = [column.name for column in spec.columns]
        if not names:
            raise UsageError(f"{bundle.path}: input {spec.name!r} has no columns, so no table can hold it")
        inputs[spec.name] = stack(source, read_table(source, names), names)
    rows = len(next(iter(inputs.values())))
    return inputs, {"row": np.arange(rows, dtype=np.int64)}


def _from_events(bundle: Bundle, source: Path, skip_bad: list[DataError] | None) -> tuple[Arrays, Arrays]:
    name = bundle.provenance.get("use_case", "")
    read = getattr(recorded_usecase(name), "read", None)
    if read is None:
        hint = "give a table: .root, .parquet, .csv or .npz"
        raise UsageError(f"{source}: the use case of this bundle ({name or 'unknown'}) reads no raw files", hint=hint)
    if skip_bad is not None and "skip_bad" not in inspect.signature(read).parameters:
        raise UsageError(f"{name}: does not know how to leave out bad events", hint="leave --skip-bad away")
    more = {} if skip_bad is None else {"skip_bad": skip_bad}
    inputs, names = read(source, Config(bundle.provenance["configuration"]), **more)
    return dict(inputs), dict(names)


def _columns(spec: TensorSpec, outputs: Arrays) -> Arrays:
    values = outputs[spec.name].reshape(len(outputs[spec.name]), -1)
    if values.shape[1] == 1:
        return {spec.name: values[:, 0]}
    names = [column.name for column in spec.columns] or [str(place) for place in range(values.shape[1])]
    return {f"{spec.name}_{name}": values[:, place] for place, name in enumerate(names)}
