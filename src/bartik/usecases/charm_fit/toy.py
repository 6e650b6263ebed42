"""Toy samples: numbers drawn from a density."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bartik.core import Array, BartikError

_BINS = 50_000
_CELLS = 400
_MARGIN = 1.5


def drawn(density: Callable[[Array], Array], low: float, high: float, size: int, rng: np.random.Generator) -> Array:
    """Numbers [size] between ``low`` and ``high`` from a ``density`` of any height, by its cumulative sum in 50,000 bins."""
    edges = np.linspace(low, high, _BINS + 1)
    sums = np.concatenate([[0.0], np.cumsum(density(0.5 * (edges[1:] + edges[:-1])))])
    return np.interp(rng.random(size), sums / sums[-1], edges)


class Plane:
    """Points of a square [0, 1] x [0, 1] from a density, by rejection below a step function."""

    def __init__(self, density: Callable[[Array, Array], Array]) -> None:
        """Find what the density reaches in each of 400 x 400 cells: its largest value at corners around it, and some more."""
        self._density = density
        edges = np.linspace(1e-6, 1 - 1e-6, _CELLS + 1)
        corners = density(np.repeat(edges, _CELLS + 1), np.tile(edges, _CELLS + 1)).reshape(_CELLS + 1, _CELLS + 1)
        padded = np.pad(corners, 1, mode="edge")
        near = np.max([padded[i : i + _CELLS, j : j + _CELLS] for i in range(4) for j in range(4) if i < 4 and j < 4], axis=0)
        self._heights = _MARGIN * near.reshape(-1) + 1e-6 * near.max()
        self._sums = np.cumsum(self._heights)

    def drawn(self, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Both coordinates [size]."""
        parts: list[tuple[Array, Array]] = []
        missing = size
        while missing > 0:
            parts.append(self._try(int(1.6 * missing) + 100, rng))
            missing -= len(parts[-1][0])
        u, v = (np.concatenate(column)[:size] for column in zip(*parts, strict=True))
        return u, v

    def _try(self, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
        cells = np.searchsorted(self._sums, rng.random(size) * self._sums[-1], side="right")
        u = (cells // _CELLS + rng.random(size)) / _CELLS
        v = (cells % _CELLS + rng.random(size)) / _CELLS
        value = self._density(u, v)
        if (value > self._heights[cells]).any():
            raise BartikError("toy: the density is above its step function", hint="this is a defect: raise _MARGIN or _CELLS")
        kept: npt.NDArray[np.bool_] = rng.random(size) * self._heights[cells] < value
        return u[kept], v[kept]
