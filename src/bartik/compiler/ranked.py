"""The first few along one axis of a row, in order, as a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bartik.core import Array


@dataclass(frozen=True)
class Ranked:
    """The ``kept`` largest or smallest of the middle axis of rows [outer, count, inner], then where they were, as `Kernel`.

    Of equal values the first comes first; NaN is larger than all. The result is [2, outer, kept, inner].
    """

    outer: int
    count: int
    inner: int
    kept: int
    largest: bool

    function = "ranked"
    header = "ranked"
    scratch = 0
    lanes = True

    @property
    def width(self) -> int:
        """Values and places."""
        return 2 * self.outer * self.kept * self.inner

    def parameters(self) -> tuple[int | str, ...]:
        """Of the template."""
        return (self.outer, self.count, self.inner, self.kept, int(self.largest))

    def constants(self) -> Mapping[str, Array]:
        """None."""
        return {}

    def multiply_adds(self) -> int:
        """None: comparisons."""
        return 0

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In numpy."""
        x = args[0].reshape(-1, self.outer, self.count, self.inner)
        size = np.where(np.isnan(x), np.inf, x).astype(np.float64) + 0.0
        nan = np.isnan(x)
        order = np.lexsort((-size if self.largest else size, ~nan if self.largest else nan), axis=2)[:, :, : self.kept]
        found = np.stack([np.take_along_axis(x, order, axis=2), order.astype(x.dtype)], axis=1)
        return np.ascontiguousarray(found, x.dtype).reshape(len(x), -1)

    def __str__(self) -> str:
        """For example ``ranked 3 largest [4, 10, 3]``."""
        return f"ranked {self.kept} {'largest' if self.largest else 'smallest'} [{self.outer}, {self.count}, {self.inner}]"
