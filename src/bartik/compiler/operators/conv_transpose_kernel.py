"""Transposed convolutions with strides: the outputs of each remainder by the strides are a convolution of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from bartik.compiler.operators import conv_narrow as narrow
from bartik.compiler.operators.conv_kernel import AFTER, apply, best_chunk, chunks, describe
from bartik.compiler.operators.windows import ROOM, Axis, Window, flat, whole
from bartik.core import Array


@dataclass(frozen=True, eq=False)
class ConvTranspose:
    """Rows [images, channels, *axes] to [images, outputs, *axes]: value ``i`` goes to output ``i stride + k dilation - before``.

    ``weight`` is [channels, outputs / groups, taps], the last axis of a window fastest; ``bias`` [outputs].
    """

    images: int
    channels: int
    groups: int
    windows: tuple[Window, ...]
    weight: Array
    bias: Array
    activation: str = ""
    alpha: float = 0.0

    lanes = False

    @property
    def function(self) -> str:
        """``conv_narrow`` has lanes along the outputs: for few values and many outputs."""
        return "conv_narrow" if self._narrow else "conv_transpose"

    @property
    def header(self) -> str:
        """Each function has its own file."""
        return self.function

    @property
    def together(self) -> bool:
        """Whether several rows share a pass over the weights."""
        return self._narrow

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.images * len(self.bias) * prod(w.outputs for w in self.windows)

    @property
    def scratch(self) -> int:
        """Values of the padded planes and of the phases, or sums, of one group's outputs."""
        if self._narrow:
            return narrow.scratch(self.channels * self._size, len(self.bias) // self.groups, prod(w.outputs for w in self.windows))
        phases = prod(w.stride for w in self.windows)
        return self.channels * prod(a.count for a in self._inputs) + len(self.bias) // self.groups * phases * self._room + 2 * ROOM

    def parameters(self) -> tuple[int | str, ...]:
        """Template parameters."""
        outputs = len(self.bias) // self.groups
        if self._narrow:
            plain = tuple(str(Axis(w.size, 0, 1, w.size)) for w in self.windows)
            positions = prod(w.outputs for w in self.windows)
            start = (AFTER[self.activation], self.images, self.channels, *plain)
            return (*start, self._size, self.groups, outputs, 1, self.weight.shape[2], positions)
        axes = tuple(str(axis) for axis in (*self._inputs, *(_output_axis(w) for w in self.windows)))
        return (AFTER[self.activation], self.images, self.channels, *axes, self.groups, outputs, best_chunk(outputs))

    def activated(self, kind: str, alpha: float) -> ConvTranspose | None:
        """The same with an activation of `AFTER`."""
        return None if self.activation or kind not in AFTER else replace(self, activation=kind, alpha=alpha)

    def constants(self) -> Mapping[str, Array]:
        """Weights and offsets phase by phase, and how many taps a phase has; or what lanes along the outputs want."""
        alpha = np.array([self.alpha], np.float32)
        if self._narrow:
            weight = self.weight.reshape(self.groups, -1, 1, *self.weight.shape[1:]).swapaxes(3, 4)
            return narrow.tables(weight, self.bias, alpha, np.zeros(1, np.int32), range(self._size), self._targets())
        parts: list[Array] = []
        places: list[int] = []
        counts: list[int] = []
        for taps in self._phases():
            counts.append(len(taps))
            places += [place for _, place in taps]
            parts += list(self._weights([tap for tap, _ in taps]))
        return {
            "weight": np.concatenate([w.reshape(-1) for w in parts]),
            "bias": self.bias,
            "alpha": alpha,
            "offsets": np.array(places or [0], np.int32),
            "taps": np.array(counts, np.int32),
        }

    def evaluate(self, args: Sequence[Array]) -> Array:
        """The sums in float64, rounded once."""
        rows = len(args[0])
        x = args[0].reshape(rows * self.images, self.groups, -1, *(w.size for w in self.windows)).astype(np.float64)
        weight = self.weight.reshape(self.groups, -1, *self.weight.shape[1:]).astype(np.float64)
        total = np.zeros((len(x), self.groups, weight.shape[2], *(w.outputs for w in self.windows)))
        for tap, index in enumerate(np.ndindex(*(w.taps for w in self.windows))):
            spread = np.einsum("ngcxyz,gco->ngoxyz", x, weight[..., tap])
            to, source = zip(*(_reached(w, k) for w, k in zip(self.windows, index, strict=True)), strict=True)
            total[(slice(None),) * 3 + to] += spread[(slice(None),) * 3 + source]
        total += self.bias.reshape(1, self.groups, -1, 1, 1, 1)
        return apply(self.activation, total, self.alpha).reshape(rows, -1).astype(args[0].dtype)

    def multiply_adds(self) -> int:
        """Of one row, those at outputs that are cut off too."""
        return self.images * self.channels * prod(w.size for w in self.windows) * prod(self.weight.shape[1:])

    def __str__(self) -> str:
        """For example ``conv_transpose 64x250 -> 64x500, taps 2``."""
        return describe("conv_transpose", self.channels, self.windows, len(self.bias), self.groups, self.activation)

    @property
    def _size(self) -> int:
        return prod(w.size for w in self.windows)

    @property
    def _narrow(self) -> bool:
        return narrow.pays(self._size, self._room, len(self.bias) // self.groups)

    def _targets(self) -> list[int]:
        """For each value and each tap the output that it reaches, -1 where that is cut off."""
        sizes = [w.outputs for w in self.windows]
        found = []
        for value in np.ndindex(*(w.size for w in self.windows)):
            for tap in np.ndindex(*(w.taps for w in self.windows)):
                at = [i * w.stride + k * w.dilation - w.before for i, k, w in zip(value, tap, self.windows, strict=True)]
                found.append(flat(at, sizes) if all(0 <= a < size for a, size in zip(at, sizes, strict=True)) else -1)
        return found

    @property
    def _inputs(self) -> tuple[Axis, ...]:
        return tuple(Axis(w.size, _reach(w), 1, _reach(w) + _places(w)) for w in self.windows)

    @property
    def _room(self) -> int:
        last = flat([_places(w) - 1 for w in self.windows], [a.count for a in self._inputs])
        return whole(last + 1)

    def _phases(self) -> Iterator[list[tuple[int, int]]]:
        """For each phase its taps: which, and how far from a position in a padded plane."""
        counts = [a.count for a in self._inputs]
        for phase in np.ndindex(*(w.stride for w in self.windows)):
            taps = []
            for tap, index in enumerate(np.ndindex(*(w.taps for w in self.windows))):
                far = [k * w.dilation - r for k, w, r in zip(index, self.windows, phase, strict=True)]
                if all(f % w.stride == 0 for f, w in zip(far, self.windows, strict=True)):
                    back = [_reach(w) - f // w.stride for f, w in zip(far, self.windows, strict=True)]
                    taps.append((tap, flat(back, counts)))
            yield taps

    def _weights(self, taps: list[int]) -> Iterator[Array]:
        """Group by group and chunk by chunk, [channel, tap, output]."""
        inner = self.channels // self.groups
        for g in range(self.groups):
            part = self.weight[g * inner : (g + 1) * inner][..., taps].transpose(0, 2, 1)
            yield from (part[..., chunk] for chunk in chunks(part.shape[2]))


def _reach(window: Window) -> int:
    """Places of padding before the values: how far back the farthest tap looks."""
    return (window.taps - 1) * window.dilation // window.stride


def _places(window: Window) -> int:
    """Places of a phase."""
    return (window.outputs - 1 + window.before) // window.stride + 1


def _output_axis(window: Window) -> Axis:
    return Axis(window.outputs, window.before, window.stride, _places(window))


def _reached(window: Window, tap: int) -> tuple[slice, slice]:
    """The outputs that one tap reaches, and the values it reaches them from."""
    shift = tap * window.dilation - window.before
    first = max(0, -(shift // window.stride))
    last = min(window.size, (window.outputs - 1 - shift) // window.stride + 1)
    start = first * window.stride + shift
    return slice(start, max(start, (last - 1) * window.stride + shift + 1), window.stride), slice(first, max(first, last))
