"""Convolutions as kernels: what they mean in numpy, and the tables and numbers that ``kernels/conv*.hpp`` is called with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from bartik.compiler.operators import conv_narrow as narrow
from bartik.compiler.operators.windows import ROOM, Axis, Window, flat, offsets, shifted, whole
from bartik.core import Array

AFTER: Mapping[str, str] = {
    "": "AfterNothing",
    "relu": "AfterRelu",
    "leaky_relu": "AfterLeakyRelu",
    "elu": "AfterElu",
    "sigmoid": "AfterSigmoid",
    "tanh": "AfterTanh",
    "softplus": "AfterSoftplus",
}
"""Activations that a convolution applies to its sums, and their names in ``conv_after.hpp``."""
MOST_OUTPUTS = 20
"""Outputs that share one sweep of the positions, at most: their weights stay in the nearest cache."""
_LONG, _MANY, _DEEP, _SAVED = 256, 8, 45, 0.76
"""Fewest positions, outputs and channels times taps of `conv_fast`, and most products for each that a direct sum has."""


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution of rows [images, channels, *axes] to [images, outputs, *axes].

    ``weight`` is [outputs, channels / groups, taps], the last axis of a window fastest; ``bias`` [outputs].
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
        """``conv_narrow`` has lanes along the outputs: for few positions and many outputs; ``conv_fast`` saves a third of the work."""
        return "conv_narrow" if self._narrow else "conv_fast" if self._fast else "conv"

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
        return self.images * self._outputs * self._size

    @property
    def scratch(self) -> int:
        """Values of the dealt planes, and of the rows with gaps or the turned sums."""
        if self._fast:
            return max(self._fast_scratch, self.channels * self._plane + self._outputs * whole(self._positions) + 2 * ROOM)
        dealt = self.channels * self._plane if self._dealt else 0
        if self._narrow:
            return narrow.scratch(dealt, self._outputs // self.groups, self._size)
        rows = self._outputs // self.groups * whole(self._positions) if self._flat else 0
        return dealt + rows + 2 * ROOM if dealt or rows else 0

    def parameters(self) -> tuple[int | str, ...]:
        """Template parameters."""
        axes = tuple(str(axis) for axis in self._axes)
        outputs, taps = self._outputs // self.groups, self.weight.shape[2]
        start = (AFTER[self.activation], self.images, self.channels, *axes)
        if self._narrow:
            return (*start, self._size, self.groups, outputs, taps, 1, self._size)
        if self._fast:
            return (*start[:3], axes[-1], self._size, outputs, best_chunk(outputs), taps, self._threes)
        sizes = (1, 1, self._size) if self._closed else tuple(w.outputs for w in self.windows)
        return (*start, *sizes, self.groups, outputs, best_chunk(outputs), taps, int(self._dealt), int(self._flat))

    def activated(self, kind: str, alpha: float) -> Conv | None:
        """The same with an activation of `AFTER`."""
        return None if self.activation or kind not in AFTER else replace(self, activation=kind, alpha=alpha)

    def constants(self) -> Mapping[str, Array]:
        """Weights as the kernel reads them, and where the taps are."""
        alpha, places = np.array([self.alpha], np.float32), offsets(self.windows, self._axes)
        if self._narrow:
            weight = self.weight.reshape(self.groups, -1, *self.weight.shape[1:]).transpose(0, 2, 3, 1)[..., None, :]
            return narrow.tables(weight, self.bias, alpha, places, self._places(), range(self._size))
        parts = [self.weight[part] for part in self._parts()]
        swept = [w[chunk].transpose(1, 2, 0).reshape(-1) for w in parts for chunk in chunks(len(w))]
        tables = {"weight": np.concatenate(swept), "bias": self.bias, "alpha": alpha, "offsets": places}
        return tables | ({"fast": self._products()} if self._fast else {})

    def evaluate(self, args: Sequence[Array]) -> Array:
        """The sums in float64, rounded once, without the activation's own rounding."""
        rows = len(args[0])
        x = args[0].reshape(rows * self.images, self.groups, -1, *(w.size for w in self.windows)).astype(np.float64)
        weight = self.weight.reshape(self.groups, -1, *self.weight.shape[1:]).astype(np.float64)
        total = np.zeros((len(x), self.groups, weight.shape[1], *(w.outputs for w in self.windows)))
        for tap, index in enumerate(np.ndindex(*(w.taps for w in self.windows))):
            with np.errstate(all="ignore"):
                total += np.einsum("ngcxyz,goc->ngoxyz", shifted(x, self.windows, index, fill=0), weight[..., tap])
        total += self.bias.reshape(1, self.groups, -1, 1, 1, 1)
        with np.errstate(all="ignore"):
            return apply(self.activation, total, self.alpha).reshape(rows, -1).astype(args[0].dtype)

    def multiply_adds(self) -> int:
        """Of one row."""
        return self.width * prod(self.weight.shape[1:])

    def __str__(self) -> str:
        """For example ``conv 10x4000 -> 10x4000, taps 15, relu``."""
        return describe("conv", self.channels, self.windows, self._outputs, self.groups, self.activation)

    @property
    def _outputs(self) -> int:
        return len(self.weight)

    @property
    def _size(self) -> int:
        return prod(w.outputs for w in self.windows)

    @cached_property
    def _axes(self) -> tuple[Axis, ...]:
        return tuple(w.axis() for w in self.windows)

    @property
    def _plane(self) -> int:
        return prod(a.step * a.count for a in self._axes)

    @property
    def _positions(self) -> int:
        """Values from the first output to the last of a plane, the gaps between its rows too."""
        return flat([w.outputs - 1 for w in self.windows], [a.count for a in self._axes]) + 1

    @property
    def _closed(self) -> bool:
        """Whether there are no gaps."""
        return self._positions == self._size

    @property
    def _row(self) -> int:
        """Values of one row of the sweep."""
        return self._size if self._closed else self.windows[-1].outputs

    @property
    def _flat(self) -> bool:
        """Whether all rows are swept as one: where that fills the lanes better, and where a row has not one vector."""
        if self._row < ROOM:
            return True
        return not self._closed and self._row / whole(self._row) < 0.9 * self._size / whole(self._positions)

    @property
    def _dealt(self) -> bool:
        return self._narrow or self._flat or not all(a.plain for a in self._axes)

    @property
    def _narrow(self) -> bool:
        swept = whole(self._positions) if self._row < ROOM else self._size // self._row * whole(self._row)
        return narrow.pays(self._size, swept, self._outputs // self.groups)

    @property
    def _fast(self) -> bool:
        """Whether pairs of outputs share products: one axis, stride 1, enough of everything that it pays."""
        along = self.windows[-1]
        single = self.groups == 1 and all(w.trivial and w.size == 1 for w in self.windows[:-1])
        plain = along.stride == 1 and along.dilation == 1 and 2 * self._threes <= _SAVED * along.taps
        enough = self._size >= _LONG and self._outputs >= _MANY and self.channels * along.taps >= _DEEP
        return single and plain and enough and bool(np.isfinite(self._products()).all())

    @property
    def _threes(self) -> int:
        return int(-(-self.weight.shape[2] // 3))

    @property
    def _fast_scratch(self) -> int:
        """Rows and outputs of a tile, which has at most 416 pairs and one column more, of 8 vectors of 16."""
        pairs = min(416, self._size // 2 + 1) + 8 * ROOM
        room = pairs + whole(3 * self._threes // 2 + 1)
        return self.channels * 6 * room + self._outputs * 2 * pairs + 4 * (room + ROOM)

    def _products(self) -> Array:
        """Taps of the four products of `conv_fast`: [chunk][product][channel][three][output], flat."""
        taps = np.pad(self.weight, [(0, 0), (0, 0), (0, 3 * self._threes - self.weight.shape[2])]).astype(np.float64)
        first, second, third = (taps[..., k::3] for k in range(3))
        products = np.stack([first, (first + second + third) / 2, (first - second + third) / 2, -third])
        with np.errstate(over="ignore"):
            return np.concatenate([products[:, part].transpose(0, 2, 3, 1).reshape(-1) for part in chunks(self._outputs)]).astype(
                self.weight.dtype
            )

    def _parts(self) -> Iterator[slice]:
        outputs = self._outputs // self.groups
        return (slice(g * outputs, (g + 1) * outputs) for g in range(self.groups))

    def _places(self) -> list[int]:
        counts = [a.count for a in self._axes]
        return [flat(at, counts) for at in np.ndindex(*(w.outputs for w in self.windows))]


def best_chunk(outputs: int) -> int:
    """How many outputs share a sweep: a divisor where there is a large one."""
    if outputs <= MOST_OUTPUTS:
        return outputs
    divisors = [size for size in range(MOST_OUTPUTS, MOST_OUTPUTS // 2, -1) if outputs % size == 0]
    return divisors[0] if divisors else -(-outputs // -(-outputs // MOST_OUTPUTS))


def chunks(outputs: int) -> Iterator[slice]:
    """The outputs of each sweep."""
    size = best_chunk(outputs)
    return (slice(start, min(start + size, outputs)) for start in range(0, outputs, size))


def apply(activation: str, x: Array, alpha: float) -> Array:
    """An activation, in numpy."""
    with np.errstate(all="ignore"):
        return np.asarray(_MEANING[activation](x, alpha))


_MEANING: Mapping[str, Callable[[Array, float], Any]] = {
    "": lambda x, _: x,
    "relu": lambda x, _: np.maximum(x, 0),
    "leaky_relu": lambda x, alpha: np.where(x < 0, alpha * x, x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "sigmoid": lambda x, _: 1 / (1 + np.exp(-x)),
    "tanh": lambda x, _: np.tanh(x),
    "softplus": lambda x, _: np.logaddexp(0, x),
}


def describe(what: str, channels: int, windows: Sequence[Window], outputs: int, groups: int, activation: str) -> str:
    """A line for the printed graph."""
    shapes = [
        "x".join(map(str, [w.size for w in windows if w.size > 1])),
        "x".join(map(str, [w.outputs for w in windows if w.outputs > 1])),
    ]
    taps = "x".join(str(w.taps) for w in windows if w.taps > 1) or "1"
    parts = [f"{what} {channels}x{shapes[0]} -> {outputs}x{shapes[1]}", f"taps {taps}"]
    return ", ".join(parts + ([f"groups {groups}"] if groups > 1 else []) + ([activation] if activation else []))
