"""Pooling as a kernel: what it means in numpy, and the tables and numbers that ``kernels/pool.hpp`` is called with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from bartik.compiler.operators.windows import ROOM, Axis, Window, flat, offsets, shifted
from bartik.core import Array

POOLS: Mapping[str, str] = {"max": "PoolMax", "sum": "PoolSum", "squares": "PoolSquares", "mean": "PoolMean"}
"""What is taken of a window: the largest (NaN where there is one), the sum, the sum of the squares, the mean."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Rows of ``planes`` planes to as many smaller ones; padding counts for nothing.

    ``counts`` [values of a plane of the result] is what a mean divides by.
    """

    planes: int
    windows: tuple[Window, ...]
    kind: str
    counts: Array

    function = "pool"
    header = "pool"
    lanes = False

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.planes * prod(w.outputs for w in self.windows)

    @property
    def scratch(self) -> int:
        """One dealt plane and its results with gaps."""
        last = flat([w.outputs - 1 for w in self.windows], [a.count for a in self._axes])
        return prod(a.step * a.count for a in self._axes) + last + 1 + 3 * ROOM

    def parameters(self) -> tuple[int | str, ...]:
        """Template parameters."""
        sizes = tuple(w.outputs for w in self.windows)
        return (POOLS[self.kind], self.planes, *map(str, self._axes), *sizes, prod(w.taps for w in self.windows))

    def constants(self) -> Mapping[str, Array]:
        """Where the taps are, and what stands outside."""
        return {"offsets": offsets(self.windows, self._axes), "fill": np.array([self._fill], np.float32), "counts": self.counts}

    def evaluate(self, args: Sequence[Array]) -> Array:
        """Tap by tap, in float64."""
        x = args[0].astype(np.float64).reshape(len(args[0]), self.planes, *(w.size for w in self.windows))
        x = x * x if self.kind == "squares" else x
        total = np.full((len(x), self.planes, *(w.outputs for w in self.windows)), self._fill)
        for index in np.ndindex(*(w.taps for w in self.windows)):
            value = shifted(x, self.windows, index, fill=self._fill)
            total = np.maximum(total, value) if self.kind == "max" else total + value
        total = total / self.counts.reshape(total.shape[2:]) if self.kind == "mean" else total
        return total.reshape(len(x), -1).astype(args[0].dtype)

    def multiply_adds(self) -> int:
        """None: comparisons and sums."""
        return 0

    def __str__(self) -> str:
        """For example ``pool max 10x4000 -> 10x2000, taps 2``."""
        sizes = ["x".join(str(n) for n in row if n > 1) for row in zip(*((w.size, w.outputs, w.taps) for w in self.windows), strict=True)]
        return f"pool {self.kind} {self.planes}x{sizes[0]} -> {self.planes}x{sizes[1]}, taps {sizes[2] or 1}"

    @property
    def _axes(self) -> tuple[Axis, ...]:
        return tuple(w.axis() for w in self.windows)

    @property
    def _fill(self) -> float:
        return -np.inf if self.kind == "max" else 0.0
