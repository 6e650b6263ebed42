"""Scores for a file of rows or of raw events."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Arrays, Config, TensorSpec, UsageError
from bartik.core.bundle import Bundle
from bartik.core.plugins import recorded_usecase
from bartik.data.tables import is_table, read_table, stack, write_table


def predict_file(bundle: Bundle, source: Path, target: Path, backend: str) -> int:
    """Score ``source`` and write ``target``; the number of rows.

    A table must have the columns of the signature; any other file is given to the ``read`` of the bundle's use case.
    The output has a column for each output, after those that name the rows. A use case with a ``predict`` of its own writes what that does.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target}: is the file to be scored", hint="give -o another name")
    session = prepare(bundle, backend)
    own = getattr(recorded_usecase(bundle.provenance.get("use_case", "")), "predict", None)
    if own is not None:
        return int(own(bundle, session, source, target))
    inputs, names = _from_table(bundle, source) if is_table(source) else _from_events(bundle, source)
    outputs = session.run(inputs)
    columns = {k: v for spec in bundle.signature.outputs for k, v in _columns(spec, outputs).items()}
    write_table(target, names | columns)
    return len(next(iter(columns.values())))


def _from_table(bundle: Bundle, source: Path) -> tuple[Arrays, Arrays]:
    inputs = {}
    for spec in bundle.signature.inputs:
        names = [column.name for column in spec.columns]
        if not names:
            raise UsageError(f"{bundle.path}: input {spec.name!r} has no columns, so no table can hold it")
        inputs[spec.name] = stack(source, read_table(source, names), names)
    rows = len(next(iter(inputs.values())))
    return inputs, {"row": np.arange(rows, dtype=np.int64)}


def _from_events(bundle: Bundle, source: Path) -> tuple[Arrays, Arrays]:
    name = bundle.provenance.get("use_case", "")
    read = getattr(recorded_usecase(name), "read", None)
    if read is None:
        hint = "give a table: .root, .parquet, .csv or .npz"
        raise UsageError(f"{source}: the use case of this bundle ({name or 'unknown'}) reads no raw files", hint=hint)
    inputs, names = read(source, Config(bundle.provenance["configuration"]))
    return dict(inputs), dict(names)


def _columns(spec: TensorSpec, outputs: Arrays) -> Arrays:
    values = outputs[spec.name].reshape(len(outputs[spec.name]), -1)
    if values.shape[1] == 1:
        return {spec.name: values[:, 0]}
    return {f"{spec.name}_{column}": values[:, column] for column in range(values.shape[1])}
