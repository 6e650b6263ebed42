"""A bundle made smaller, with shorter numbers or fewer units, and what that costs: the same metrics of the same rows before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Array, Arrays, Dataset, Interval, UsageError
from bartik.core.bundle import Bundle
from bartik.core.files import read_arrays
from bartik.core.plugins import recorded_usecase
from bartik.data.tables import read_table, stack
from bartik.metrics import auc

Make = Callable[[Arrays], Bundle]
"""Writes the smaller bundle, given rows to calibrate with."""
_JUDGE = "onnxruntime"
"""Backend that computes both sets of scores: it has its own 8 bit products."""


@dataclass(frozen=True)
class Change:
    """One metric of the model as it was and as it is now."""

    metric: str
    before: Interval
    after: Interval

    def __str__(self) -> str:
        """Metric, both values, and the difference."""
        return f"{self.metric:<36} {self.before.value:.5f} -> {self.after.value:.5f}  ({self.after.value - self.before.value:+.5f})"


def smaller(bundle: Bundle, source: Path, target: str, make: Make) -> tuple[Bundle, list[Change]]:
    """With the rows of a run's folder, or of a table whose column ``target`` is the truth."""
    return _by_table(bundle, source, target, make) if source.is_file() else _by_run(bundle, source, make)


def _by_run(bundle: Bundle, folder: Path, make: Make) -> tuple[Bundle, list[Change]]:
    """Calibrate on the validation rows of the run in ``folder``, judge on its test rows with the use case's own metrics."""
    validation, test = (_split(folder, split) for split in ("validation", "test"))
    made = make(validation.inputs)
    usecase = recorded_usecase(bundle.provenance.get("use_case", ""))
    if usecase is None:
        return made, []
    score = usecase.score
    return made, _changes(*(score(prepare(b, _JUDGE).run(test.inputs), test) for b in (bundle, made)))


def _by_table(bundle: Bundle, table: Path, target: str, make: Make) -> tuple[Bundle, list[Change]]:
    """Calibrate on the even rows of a table; the odd ones give the AUC of the first output where there is a column ``target``."""
    inputs = _columns(bundle, table)
    made = make({name: array[::2] for name, array in inputs.items()})
    if not target:
        return made, []
    truth = stack(table, read_table(table, [target]), [target])[1::2, 0] > 0.5
    rest = {name: array[1::2] for name, array in inputs.items()}
    return made, _changes(*({"AUC": _auc(prepare(b, _JUDGE).run(rest), truth)} for b in (bundle, made)))


def _split(folder: Path, split: str) -> Dataset:
    path = folder / "data" / f"{split}.npz"
    if not path.is_file():
        hint = "name a run's folder, or a table with the columns of the signature: --data PATH"
        raise UsageError(f"{path}: no rows to calibrate and judge with", hint=hint)
    return Dataset.from_arrays(read_arrays(path))


def _columns(bundle: Bundle, table: Path) -> Arrays:
    found = {}
    for spec in bundle.signature.inputs:
        names = [column.name for column in spec.columns]
        if not names:
            raise UsageError(f"{bundle.path}: input {spec.name!r} has no columns, so no table can hold it")
        found[spec.name] = stack(table, read_table(table, names), names)
    return found


def _auc(outputs: Arrays, truth: Array) -> Interval:
    scores = np.asarray(next(iter(outputs.values()))).reshape(len(truth), -1)[:, 0]
    if truth.all() or not truth.any():
        raise UsageError("the target is the same in all rows that judge", hint="give rows of both classes")
    return auc(scores[truth], scores[~truth])


def _changes(before: Mapping[str, Interval], after: Mapping[str, Interval]) -> list[Change]:
    return [Change(name, before[name], after[name]) for name in before]
