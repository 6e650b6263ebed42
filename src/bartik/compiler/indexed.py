"""Elements by places that are values of the graph, as kernels: what is taken from there, and what is put there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bartik.core import Array

DEPOSITS: Mapping[str, Callable[[Array, Array], Array]] = {
    "replace": lambda _, new: new,
    "add": np.add,
    "multiply": np.multiply,
    "largest": np.maximum,
    "smallest": np.minimum,
}
"""What becomes of an element and a value put there; names are those of ``Deposit`` in ``kernels/indexed.hpp``."""


@dataclass(frozen=True, eq=False)
class Indexed:
    """Where elements lie: at ``base`` [count] plus, for each of the ``axes`` (size, stride), an index times its stride.

    ``which`` [count, axes] says which elements of the value ``index`` these are. An index below zero counts from the end; one
    outside of its axis is moved to the nearest within, for there is nobody to tell.
    """

    base: Array
    which: Array
    axes: tuple[tuple[int, int], ...]

    def tables(self) -> dict[str, Array]:
        """As the kernels read them."""
        tables = {"base": self.base, "which": self.which, "axes": np.array(self.axes)}
        return {name: np.ascontiguousarray(table, np.int32).reshape(-1) for name, table in tables.items()}

    def places(self, index: Array) -> Array:
        """Places [rows, count] for ``index`` [rows, n]."""
        found = np.broadcast_to(self.base, (len(index), len(self.base))).astype(np.int64)
        for axis, (size, stride) in enumerate(self.axes):
            value = np.nan_to_num(index[:, self.which[:, axis]], nan=0.0, posinf=size, neginf=-size).astype(np.int64)
            found += np.clip(np.where(value < 0, value + size, value), 0, size - 1) * stride
        return found


@dataclass(frozen=True, eq=False)
class Fetch:
    """Takes elements of its first argument, at the places that its second says, as `Kernel`."""

    where: Indexed

    function = "fetch"
    header = "indexed"
    scratch = 0
    lanes = True

    @property
    def width(self) -> int:
        """As many as there are places."""
        return len(self.where.base)

    def parameters(self) -> tuple[int | str, ...]:
        """Of the template."""
        return (self.width, len(self.where.axes))

    def constants(self) -> Mapping[str, Array]:
        """Where to look."""
        return self.where.tables()

    def multiply_adds(self) -> int:
        """None."""
        return 0

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In numpy."""
        return np.take_along_axis(args[0], self.where.places(args[1]), axis=1)

    def __str__(self) -> str:
        """For example ``fetch 12``."""
        return f"fetch {self.width}"


@dataclass(frozen=True, eq=False)
class Lookup:
    """Takes elements of a ``table``, the same for every row, at the places that its argument says, as `Kernel`."""

    where: Indexed
    table: Array

    function = "lookup"
    header = "indexed"
    scratch = 0
    lanes = True

    @property
    def width(self) -> int:
        """As many as there are places."""
        return len(self.where.base)

    def parameters(self) -> tuple[int | str, ...]:
        """Of the template."""
        return (self.width, len(self.where.axes))

    def constants(self) -> Mapping[str, Array]:
        """What to take, and where to look."""
        return {"table": self.table.reshape(-1)} | self.where.tables()

    def multiply_adds(self) -> int:
        """None."""
        return 0

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In numpy."""
        return self.table.reshape(-1).astype(args[0].dtype)[self.where.places(args[0])]

    def __str__(self) -> str:
        """For example ``lookup 1 of 512``."""
        return f"lookup {self.width} of {self.table.size}"


@dataclass(frozen=True, eq=False)
class Put:
    """Its first argument, [width] values, with the values of the third put in at the places that the second says, as `Kernel`.

    ``how`` is one of `DEPOSITS`.
    """

    width: int
    how: str
    where: Indexed

    function = "deposit"
    header = "indexed"
    scratch = 0
    lanes = True

    def parameters(self) -> tuple[int | str, ...]:
        """Of the template."""
        return (f"Deposit::{self.how}", self.width, len(self.where.base), len(self.where.axes))

    def constants(self) -> Mapping[str, Array]:
        """Where to put."""
        return self.where.tables()

    def multiply_adds(self) -> int:
        """None."""
        return 0

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In numpy, one value after the other."""
        found, places = args[0].copy(), self.where.places(args[1])
        rows = np.arange(len(found))
        with np.errstate(all="ignore"):
            for k in range(places.shape[1]):
                at = rows, places[:, k]
                found[at] = DEPOSITS[self.how](found[at], args[2][:, k])
        return found

    def __str__(self) -> str:
        """For example ``deposit add 12 in 60``."""
        return f"deposit {self.how} {len(self.where.base)} in {self.width}"
