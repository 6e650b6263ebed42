"""Events of different sizes read some at a time, scored, and counted in slices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bartik.core import Array, Arrays, DataError, Progress, Session, Signature, UsageError
from bartik.core.bundle import Bundle
from bartik.core.files import read_arrays
from bartik.core.ragged import entries_of, take_events
from bartik.monitor.reference import Reference, column_names, column_values, first_output
from bartik.monitor.stream import Slices, Stream

_AT_ONCE = 64
"""Events that are scored together."""


class Events(NamedTuple):
    """Of one file: inputs by name, offsets of each of their axes, truth on the axis of the score."""

    inputs: Arrays
    offsets: Arrays
    truth: Array | None

    @property
    def events(self) -> int:
        """How many there are."""
        return len(next(iter(self.offsets.values()))) - 1


class EventWindows(Slices):
    """The slices of a stream of events as they fill; a file is in memory while it is read."""

    def __init__(self, bundle: Bundle, reference: Reference, session: Session, stream: Stream) -> None:
        """Of a model whose rows are events; `UsageError` for slices by a column, which events have none of."""
        super().__init__(bundle, reference, session, stream)
        if stream.by:
            raise UsageError("--by: events have no column of their own", hint="take slices of --every N events")
        if [one.name for one in reference.columns] != column_names(bundle.signature):
            raise DataError("the reference is of other columns than the model", hint="export the model again")

    def read(self, progress: Progress) -> None:
        """All files."""
        for path in self._stream.paths:
            events, start = read_events(path, self._bundle.signature, self._stream.target), 0
            while start < events.events:
                left = self._stream.every - self._rows % self._stream.every
                some = range(start, min(start + _AT_ONCE, start + left, events.events))
                self._add(events, some)
                self._rows, start = self._rows + len(some), some.stop
            progress(f"{path}: {self._rows} events so far")
        self._refuse_nothing("events")

    def _add(self, events: Events, some: Sequence[int]) -> None:
        signature = self._bundle.signature
        number = self._rows // self._stream.every * self._stream.every
        scored = [event for event in some if _finite(signature, events, event)]
        scores, truth = np.zeros(0), None if events.truth is None else events.truth[:0]
        rows = events.offsets[str(signature.outputs[0].shape[0])]
        if scored:
            scores = first_output(signature, self._session.run(take_events(signature, events.inputs, events.offsets, scored)))
            truth = None if events.truth is None else events.truth[entries_of(rows, scored)]
        columns = column_values(signature, take_events(signature, events.inputs, events.offsets, some))
        entries = int(rows[some[-1] + 1] - rows[some[0]])
        self._window(f"events {number} to {number + self._stream.every}").add(columns, entries, scores, truth)


def read_events(path: Path, signature: Signature, target: str = "") -> Events:
    """Events of an ``.npz`` as a run keeps them: ``input.NAME`` for each input and ``offsets.AXIS`` [events + 1] for each axis.

    ``target`` names an array of truth, 1 or 0 for each row of the score. `DataError` names what is missing or does not fit.
    """
    arrays = read_arrays(path)
    axes = {str(spec.shape[0]): f"input.{spec.name}" for spec in signature.inputs}
    for name in (*axes.values(), *(f"input.{spec.name}" for spec in signature.inputs), *(f"offsets.{axis}" for axis in axes)):
        if name not in arrays:
            raise DataError(f"{path}: no array {name!r}", hint="wanted events as in a run's data/test.npz")
    inputs = {spec.name: arrays[f"input.{spec.name}"] for spec in signature.inputs}
    offsets = {axis: arrays[f"offsets.{axis}"] for axis in axes}
    try:
        signature.check_inputs(inputs)
    except UsageError as error:
        raise DataError(f"{path}: {error.message}", hint=error.hint) from error
    for axis, name in axes.items():
        _check_offsets(path, axis, offsets[axis], len(arrays[name]))
    if len({len(found) for found in offsets.values()}) != 1:
        raise DataError(f"{path}: axes of different numbers of events", hint="every axis has offsets for every event")
    rows = str(signature.outputs[0].shape[0])
    if rows not in offsets:
        raise UsageError(f"the score is on the axis {rows!r}, which no input has", hint="a monitor counts scores of things in events")
    return Events(inputs, offsets, _truth(path, arrays, target, int(offsets[rows][-1])) if target else None)


def _check_offsets(path: Path, axis: str, offsets: Array, entries: int) -> None:
    whole = offsets.ndim == 1 and offsets.dtype.kind in "iu" and len(offsets) > 0
    if not whole or offsets[0] != 0 or offsets[-1] != entries or (np.diff(offsets.astype(np.int64)) < 0).any():
        raise DataError(f"{path}: offsets.{axis} do not rise from 0 to the {entries} entries of the axis")


def _truth(path: Path, arrays: Arrays, name: str, rows: int) -> Array:
    values = arrays.get(name)
    if values is None or values.shape != (rows,) or not np.isin(values, (0, 1)).all():
        raise DataError(f"{path}: array {name!r} is not 0 or 1 for each of {rows} rows of the score")
    return values.astype(np.int64)


def _finite(signature: Signature, events: Events, event: int) -> bool:
    """Whether all numbers of an event can be scored."""
    mine = take_events(signature, events.inputs, events.offsets, [event])
    return all(bool(np.isfinite(values).all()) for values in mine.values())
