"""Windows that slide along axes: the attributes that convolutions and pooling share, and what they say about places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from bartik.core import Array

AXES = 3
"""Axes along which the kernels slide windows."""
ROOM = 16
"""Values that a kernel may touch behind the last it needs: one vector of any machine."""


@dataclass(frozen=True)
class Window:
    """One axis: ``size`` values; the window at output ``j`` has tap ``k`` at place ``j stride + k dilation - before``.

    ``before`` may be negative: then the first values are not looked at. ``after`` counts for averages only.
    """

    size: int
    taps: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    outputs: int = 1

    @property
    def trivial(self) -> bool:
        """Whether the output is the input."""
        return self.taps == 1 and self.stride == 1 and self.before == 0 and self.outputs == self.size

    def places(self) -> Array:
        """Where each tap of each output lies, int64 [outputs, taps]; outside of 0 ... size - 1 is padding."""
        first = np.arange(self.outputs) * self.stride - self.before
        return np.asarray(first[:, None] + np.arange(self.taps) * self.dilation)

    def inside(self, *, with_padding: bool) -> Array:
        """How many taps of each output lie on values, or on values and the padding that is asked for, int64 [outputs]."""
        places = self.places()
        low, high = (-self.before, self.size + self.after) if with_padding else (0, self.size)
        return np.asarray(((places >= low) & (places < high)).sum(axis=1))

    def axis(self) -> Axis:
        """The padded axis that a kernel reads; the values themselves where that will do."""
        if self.stride == 1 and self.before == 0 and self.outputs + (self.taps - 1) * self.dilation <= self.size:
            return Axis(self.size, 0, 1, self.size)
        extent = (self.outputs - 1) * self.stride + (self.taps - 1) * self.dilation + 1
        return Axis(self.size, self.before, self.stride, -(-extent // self.stride))


@dataclass(frozen=True)
class Axis:
    """What ``Axis`` in ``planes.hpp`` is: ``size`` values after ``before`` places, dealt out to ``step`` phases of ``count`` places."""

    size: int
    before: int
    step: int
    count: int

    def __str__(self) -> str:
        """The C++ type."""
        return f"Axis<{self.size}, {self.before}, {self.step}, {self.count}>"

    @property
    def plain(self) -> bool:
        """Whether the values can be read where they lie."""
        return self.before == 0 and self.step == 1 and self.count == self.size


def offsets(windows: Sequence[Window], axes: Sequence[Axis]) -> Array:
    """Where each tap of the first output lies in a plane whose axes are dealt, int32 [taps], the last axis fastest."""
    counts, steps = [a.count for a in axes], [a.step for a in axes]
    phase_size = prod(counts)
    found = []
    for tap in np.ndindex(*(w.taps for w in windows)):
        far = [k * w.dilation for k, w in zip(tap, windows, strict=True)]
        phase = flat([f % s for f, s in zip(far, steps, strict=True)], steps)
        found.append(phase * phase_size + flat([f // s for f, s in zip(far, steps, strict=True)], counts))
    return np.array(found, np.int32)


def shifted(x: Array, windows: Sequence[Window], tap: Sequence[int], *, fill: float) -> Array:
    """For each output the value under one tap, ``fill`` where that is padding; the windows slide along the last axes of ``x``."""
    for axis, (window, k) in enumerate(zip(windows, tap, strict=True), start=x.ndim - len(windows)):
        places = window.places()[:, k]
        inside = (places >= 0) & (places < window.size)
        taken = np.take(x, np.where(inside, places, 0), axis=axis)
        x = np.where(inside.reshape((-1,) + (1,) * (x.ndim - axis - 1)), taken, fill)
    return x


def flat(index: Sequence[int], shape: Sequence[int]) -> int:
    """The place of an index in an array laid flat, the last axis fastest."""
    place = 0
    for i, size in zip(index, shape, strict=True):
        place = place * size + i
    return place


def whole(count: int) -> int:
    """As many values in whole vectors."""
    return -(-count // ROOM) * ROOM


def simplified(windows: Sequence[Window]) -> tuple[Window, ...]:
    """The same windows on as few axes as they need, ``AXES`` at least: ones of size 1 go, and those where nothing slides join the last.

    A convolution of 1 by 1 becomes one along a single axis, and one of 5 by 1 one with dilation.
    """
    windows = [replace(w, stride=1) if w.outputs == 1 else w for w in windows]
    kept = [w for w in windows if not (w.size == 1 and w.trivial)]
    while len(kept) > 1 and kept[-1].trivial and kept[-2].stride == 1:
        last, outer = kept.pop(), kept.pop()
        n = last.size
        kept.append(
            replace(
                outer,
                size=outer.size * n,
                dilation=outer.dilation * n,
                before=outer.before * n,
                after=outer.after * n,
                outputs=outer.outputs * n,
            )
        )
    return (*(Window(1),) * (AXES - len(kept)), *kept)


def pad_same(size: int, taps: int, stride: int, dilation: int, *, lower: bool) -> tuple[int, int]:
    """Padding before and after such that there are ``ceil(size / stride)`` outputs; the odd one comes after unless ``lower``."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + (taps - 1) * dilation + 1 - size, 0)
    small = total // 2
    return (total - small, small) if lower else (small, total - small)


def count_outputs(size: int, taps: int, stride: int, dilation: int, pads: tuple[int, int], *, up: bool = False) -> int:
    """Windows that fit; rounded ``up``, one more that begins on a value or in the padding before, but hangs over the end."""
    room = size + pads[0] + pads[1] - ((taps - 1) * dilation + 1)
    if not up:
        return room // stride + 1
    outputs = -(-room // stride) + 1
    return outputs - 1 if (outputs - 1) * stride >= size + pads[0] else outputs
