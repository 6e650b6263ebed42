"""Events of different sizes behind one another: a row is an event, and tensors have one free axis for each kind of thing in it.

Hits of three events are one array [hits, 3] with offsets ``[0, 1800, 3950, 5200]`` of the axis ``hits``: nothing is padded. A tensor whose
values number the entries of an axis (the two hits of an edge) says so in its `TensorSpec.index_of`; where events are put together or taken
apart, these numbers are shifted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bartik.core.errors import UsageError
from bartik.core.spec import Array, Arrays, Signature, TensorSpec


def is_ragged(signature: Signature) -> bool:
    """Whether the inputs are events put together: a tensor numbers the entries of another's axis, or first axes differ."""
    axes = {spec.shape[0] for spec in signature.inputs if spec.shape and isinstance(spec.shape[0], str)}
    return len(axes) > 1 or any(spec.index_of for spec in signature.inputs)


def take_events(signature: Signature, inputs: Mapping[str, Array], offsets: Mapping[str, Array], events: Sequence[int]) -> Arrays:
    """Inputs of these events alone, in this order, put together; ``offsets`` [events + 1] of each axis."""
    return {spec.name: _taken(spec, inputs[spec.name], offsets, np.asarray(events, np.int64)) for spec in signature.inputs}


def entries_of(offsets: Array, events: Sequence[int]) -> npt.NDArray[np.int64]:
    """Positions of the entries of these events on an axis.

    >>> entries_of(np.array([0, 2, 5, 6]), [2, 0]).tolist()
    [5, 0, 1]
    """
    which = np.asarray(events, np.int64)
    starts, sizes = np.asarray(offsets)[which], np.diff(offsets)[which]
    before = np.cumsum(sizes) - sizes
    return np.asarray(np.repeat(starts - before, sizes) + np.arange(sizes.sum()), np.int64)


def repeat_event(signature: Signature, inputs: Mapping[str, Array], times: int) -> Arrays:
    """The event ``inputs`` so many times behind itself."""
    offsets = {str(spec.shape[0]): np.array([0, len(inputs[spec.name])]) for spec in signature.inputs}
    return take_events(signature, inputs, offsets, [0] * times)


def put_together(signature: Signature, events: Sequence[Mapping[str, Array]]) -> tuple[Arrays, dict[str, npt.NDArray[np.int64]]]:
    """Inputs of single events behind one another, and the offsets of each axis; no events give empty tensors."""
    axes = {str(spec.shape[0]): spec.name for spec in signature.inputs}
    offsets = {axis: np.cumsum([0, *(len(event[name]) for event in events)]).astype(np.int64) for axis, name in axes.items()}
    inputs: Arrays = {}
    for spec in signature.inputs:
        shift = offsets[spec.index_of] if spec.index_of else np.zeros(len(events) + 1, np.int64)
        empty = np.zeros([0 if isinstance(axis, str) else axis for axis in spec.shape], spec.dtype)
        inputs[spec.name] = np.concatenate(
            [empty, *(event[spec.name] + empty.dtype.type(s) for event, s in zip(events, shift, strict=False))]
        )
    return inputs, offsets


def with_room(specs: Sequence[TensorSpec], inputs: Mapping[str, Array], sizes: Mapping[str, int]) -> Arrays:
    """Inputs whose axes have these ``sizes``: what is there up to them, then zeros, and the last entry of an axis where one is named.

    Where an event leaves one entry of each axis that is named, what fills the others is linked to that one alone.
    """
    return {spec.name: _filled(spec, inputs[spec.name], sizes) for spec in specs}


def check_indices(signature: Signature, inputs: Mapping[str, Array]) -> None:
    """`UsageError` for a number that is no entry of the axis it is to name: such a number would read another's memory."""
    sizes = {spec.shape[0]: len(inputs[spec.name]) for spec in signature.inputs if spec.shape}
    for spec in signature.inputs:
        values = inputs[spec.name]
        if spec.index_of and values.size and not 0 <= int(values.min()) <= int(values.max()) < sizes[spec.index_of]:
            wrong = int(values.min()) if values.min() < 0 else int(values.max())
            raise UsageError(f"tensor {spec.name!r}: {wrong} names none of the {sizes[spec.index_of]} entries of axis {spec.index_of!r}")


def _filled(spec: TensorSpec, values: Array, sizes: Mapping[str, int]) -> Array:
    shape = [sizes.get(axis, size) if isinstance(axis, str) else axis for axis, size in zip(spec.shape, values.shape, strict=True)]
    last = sizes.get(spec.index_of, 1) - 1
    whole = np.full(shape, last, values.dtype)
    some = tuple(slice(min(one, other)) for one, other in zip(shape, values.shape, strict=True))
    whole[some] = np.minimum(values[some], last) if spec.index_of in sizes else values[some]
    return whole


def _taken(spec: TensorSpec, values: Array, offsets: Mapping[str, Array], events: npt.NDArray[np.int64]) -> Array:
    own = offsets[str(spec.shape[0])]
    rows = values[entries_of(own, events.tolist())]
    if not spec.index_of:
        return rows
    other = offsets[spec.index_of]
    sizes = np.diff(other)[events]
    shift = np.cumsum(sizes) - sizes - other[:-1][events]
    shifted: Array = rows + np.repeat(shift, np.diff(own)[events]).reshape(-1, *[1] * (rows.ndim - 1)).astype(rows.dtype)
    return shifted
