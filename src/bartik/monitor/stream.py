"""Tables read some rows at a time, scored, and counted in slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays, DataError, Progress, Session, Signature, UsageError
from bartik.core.bundle import Bundle
from bartik.monitor.reference import Reference, first_output
from bartik.monitor.rows import rows_of
from bartik.monitor.window import Window

MOST_SLICES = 10_000


@dataclass(frozen=True)
class Stream:
    """What to read: tables with the columns of the signature, in the order of time.

    A slice is every so many rows, or, where ``by`` names a column (a run number), the rows of one of its values. ``target`` names the
    column of truth, 1 for signal, where there is one.
    """

    paths: Sequence[Path]
    every: int = 100_000
    by: str = ""
    target: str = ""


class Slices:
    """The slices of a stream as they fill."""

    def __init__(self, bundle: Bundle, reference: Reference, session: Session, stream: Stream) -> None:
        """None yet; `UsageError` for slices of no rows."""
        if stream.every < 1:
            raise UsageError(f"every: wanted 1 or more rows, got {stream.every}")
        self._bundle, self._reference, self._session = bundle, reference, session
        self._stream = stream
        self._by_name: dict[str, Window] = {}
        self._rows = 0

    @property
    def found(self) -> list[Window]:
        """In the order they came."""
        return list(self._by_name.values())

    def _window(self, name: str) -> Window:
        if name not in self._by_name:
            if len(self._by_name) == MOST_SLICES:
                raise UsageError(f"more than {MOST_SLICES} slices", hint="take more rows a slice: --every N, or another column: --by")
            self._by_name[name] = Window(name, self._reference.columns, self._reference.score, self._bundle.working_points)
        return self._by_name[name]

    def _refuse_nothing(self, what: str) -> None:
        if not self._rows:
            raise DataError(f"{', '.join(map(str, self._stream.paths))}: no {what}", hint="give data to monitor")


class Windows(Slices):
    """Those of tables; memory does not grow with their rows."""

    def __init__(self, bundle: Bundle, reference: Reference, session: Session, stream: Stream) -> None:
        """Of a model of one table with named columns; `UsageError` for another, `DataError` where ``reference`` is of another model."""
        super().__init__(bundle, reference, session, stream)
        self._columns = _table_columns(bundle.signature)
        if [one.name for one in reference.columns] != self._columns:
            raise DataError("the reference is of other columns than the model", hint="export the model again")

    def read(self, progress: Progress) -> None:
        """All files."""
        extra = [column for column in (self._stream.by, self._stream.target) if column]
        for path in self._stream.paths:
            for rows in rows_of(path, [*self._columns, *extra]):
                self._add(rows, path)
            progress(f"{path}: {self._rows} rows so far")
        self._refuse_nothing("rows")

    def _add(self, rows: Array, path: Path) -> None:
        count = len(self._columns)
        features = rows[:, :count]
        scored = np.isfinite(features).all(axis=1) & (np.abs(features) <= np.finfo(np.float32).max).all(axis=1)
        scores = np.full(len(rows), np.nan)
        if scored.any():
            inputs: Arrays = {self._bundle.signature.inputs[0].name: features[scored].astype(np.float32)}
            scores[scored] = first_output(self._bundle.signature, self._session.run(inputs))
        truth = _truth(rows[:, -1], self._stream.target, path) if self._stream.target else None
        for name, mask in self._parts(rows[:, count] if self._stream.by else None, len(rows)):
            good = mask & np.isfinite(scores)
            self._window(name).add(list(features[mask].T), int(mask.sum()), scores[good], None if truth is None else truth[good])
        self._rows += len(rows)

    def _parts(self, by: Array | None, rows: int) -> Iterable[tuple[str, Array]]:
        """Name of a slice, and which of the rows are its."""
        if by is None:
            numbers = (self._rows + np.arange(rows)) // self._stream.every
            every = self._stream.every
            return [(f"rows {int(n) * every} to {(int(n) + 1) * every}", numbers == n) for n in np.unique(numbers)]
        return [(f"{self._stream.by} {value:g}", by == value) for value in np.unique(by[np.isfinite(by)])]


def _table_columns(signature: Signature) -> list[str]:
    if len(signature.inputs) != 1 or not signature.inputs[0].columns:
        raise UsageError("a monitor takes models of one table with named columns", hint="bartik models show NAME lists the inputs")
    return [column.name for column in signature.inputs[0].columns]


def _truth(values: Array, name: str, path: Path) -> Array:
    if not np.isin(values, (0, 1)).all():
        raise DataError(f"{path}: column {name!r} holds other values than 0 and 1", hint="truth is 1 for signal and 0 for background")
    return values.astype(np.int64)


def summed(name: str, windows: Sequence[Window]) -> Window:
    """All windows as one."""
    first = windows[0]
    whole = Window(name, first.sketches, first.score, first.points)
    for window in windows:
        whole.rows, whole.scored = whole.rows + window.rows, whole.scored + window.scored
        whole.counts = [a + b for a, b in zip(whole.counts, window.counts, strict=True)]
        whole.missing = [a + b for a, b in zip(whole.missing, window.missing, strict=True)]
        whole.scores, whole.classes, whole.sums = whole.scores + window.scores, whole.classes + window.classes, whole.sums + window.sums
        whole.passed = {point: whole.passed[point] + window.passed[point] for point in whole.passed}
    return whole
