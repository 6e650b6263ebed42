"""A hand-written kernel as an operator of the graph: what loops cannot say well, or not fast enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from bartik.core import Array


class Kernel(Protocol):
    """What it means, what it reads, how it is called.

    The call is ``function<parameters...>(argument, ..., constant, ..., result, scratch)``: pointers to one row each, or to a block
    of rows (``Lanes*``) where ``lanes`` says that there is such a form; ``scratch`` only where it wants some.
    """

    @property
    def function(self) -> str:
        """The C++ template that it calls."""
        ...

    @property
    def header(self) -> str:
        """The file of ``kernels/`` that has the template, without ending."""
        ...

    @property
    def scratch(self) -> int:
        """Private memory, values a row."""
        ...

    @property
    def lanes(self) -> bool:
        """Whether it also takes a block of rows at once."""
        ...

    @property
    def width(self) -> int:
        """Values of the result."""
        ...

    def parameters(self) -> tuple[int | str, ...]:
        """Template parameters: numbers, and names of the kernel's own, never a model's strings."""
        ...

    def constants(self) -> Mapping[str, Array]:
        """Tables it reads, by name: floats, which become those it computes in, int32 or uint8."""
        ...

    def multiply_adds(self) -> int:
        """Of one row."""
        ...

    def evaluate(self, args: Sequence[Array]) -> Array:
        """The meaning in numpy: arguments [rows, width], all float32 or all float64, to the result [rows, width] of their type."""
        ...

    def __str__(self) -> str:
        """As it stands in the printed graph."""
        ...


@runtime_checkable
class Activated(Protocol):
    """A kernel that can apply an activation to its results."""

    def activated(self, kind: str, alpha: float) -> Kernel | None:
        """The same with an activation, of `graph.UNARY`; nothing where it has one already, or does not have this one."""
        ...


@runtime_checkable
class Together(Protocol):
    """A kernel that takes several blocks of rows in one call, and a single one likewise; or, without ``lanes``, several rows.

    ``function_together<parameters...>(blocks, argument, step, constant, ..., result, step, scratch, step)``: each block's argument,
    result and private memory lie ``step`` vectors behind those of the block before. Of rows these are numbers, and how many rows there
    are is a ``std::integral_constant``.
    """

    @property
    def together(self) -> bool:
        """Whether it does."""
        ...
