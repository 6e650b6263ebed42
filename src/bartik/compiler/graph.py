"""The graph: operators on rows, in single static assignment, frozen; prints one operator a line.

Every value is [batch, width]; the axes of one row are laid out one after the other, the last fastest. Comparisons give 1 or 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bartik.compiler.kernel import Kernel
from bartik.core import Array, Signature

ROUNDINGS = ("floor", "ceil", "round", "trunc")
ANGLES = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh")
UNARY = (
    "abs", "elu", "erf", "exp", "is_nan", "leaky_relu", "log", "neg", "not", "relu", "sigmoid", "softplus", "sqrt", "tanh",
    "narrow", *ROUNDINGS, *ANGLES,
)  # fmt: skip
BINARY = ("add", "sub", "mul", "div", "pow", "remainder", "at_least", "at_most", "maximum", "minimum", "less", "less_or_equal", "equal")
ELEMENTWISE = (*UNARY, *BINARY, "select")
"""``narrow`` rounds to float32, where all is computed in float64.
``at_least`` and ``at_most`` take a constant that is not NaN first; ``select`` condition, then where it holds, then where not."""
KINDS = ("input", "constant", "stored", "identity", "dense", "pick", "concat", "kernel", *ELEMENTWISE)
EXACT = (
    "abs", "is_nan", "neg", "not", "relu", "narrow", *ROUNDINGS,
    "at_least", "at_most", "maximum", "minimum", "less", "less_or_equal", "equal", "select",
)  # fmt: skip
"""Those that round nothing: of float32 values they make float32 values, whatever they are computed in."""
SLOPED = ("leaky_relu", "elu")
"""Activations that carry a parameter, ``alpha``."""


@dataclass(frozen=True, eq=False)
class Op:
    """One operator and the value it makes, [batch, width].

    ``values`` [width] of a constant, ``weight`` [inputs, width] and ``bias`` [width] of a dense, ``places`` [width] of a
    pick (which elements of the argument's row); ``activation`` of a dense is applied to its sum; ``kernel`` of a kernel, and
    ``real``, what that computes in. A ``stored`` is its argument, a constant, in memory: kernels take values from there.
    """

    name: str
    kind: str
    width: int
    args: tuple[str, ...] = ()
    values: Array | None = None
    weight: Array | None = None
    bias: Array | None = None
    places: tuple[int, ...] = ()
    activation: str = ""
    alpha: float = 0.0
    kernel: Kernel | None = None
    real: str = "float32"

    def __str__(self) -> str:
        """For example ``v3[25] = dense v2, weight[17,25], bias, relu``."""
        return f"{self.name}[{self.width}] = {self.kind} {', '.join([*self.args, *self._details()])}".rstrip()

    def _details(self) -> Iterator[str]:
        if self.values is not None:
            yield _summary(self.values)
        if self.weight is not None:
            yield f"weight[{','.join(map(str, self.weight.shape))}]"
        if self.bias is not None:
            yield "bias"
        if self.places:
            yield f"[{describe_places(self.places)}]"
        if self.kernel is not None:
            yield str(self.kernel)
        if self.activation:
            yield self.activation
        if self.alpha:
            yield f"alpha={self.alpha:.9g}"


@dataclass(frozen=True, eq=False)
class Graph:
    """All operators in order, and which values are the outputs, in the order of ``signature``.

    ``places`` says where in scratch memory a value lies, in values per row; ``scratch`` is how much there is.
    """

    signature: Signature
    ops: tuple[Op, ...]
    outputs: tuple[str, ...]
    places: Mapping[str, int] = field(default_factory=dict)
    scratch: int = 0
    real: str = "float32"
    """What all is computed in: float64 where any value of the model is, kernels of float32 values apart."""

    def __str__(self) -> str:
        """One operator a line, with its place in memory where it has one."""
        lines = [f"{op}" + (f"  @{self.places[op.name]}" if op.name in self.places else "") for op in self.ops]
        memory = [f"scratch {self.scratch} values a row"] if self.scratch else []
        memory += [] if self.real == "float32" else [f"all in {self.real}"]
        return "\n".join([*lines, f"return {', '.join(self.outputs)}", *memory]) + "\n"

    def by_name(self) -> dict[str, Op]:
        """Operators by the name of their value."""
        return {op.name: op for op in self.ops}

    def uses(self) -> Counter[str]:
        """How often each value is an argument or an output."""
        return Counter([*(arg for op in self.ops for arg in op.args), *self.outputs])

    def with_ops(self, ops: list[Op], renamed: Mapping[str, str] | None = None) -> Graph:
        """The same with other operators; where a value is ``renamed``, all who used it use the new one."""
        names = dict(renamed or {})
        kept = tuple(replace(op, args=tuple(_resolve(names, arg) for arg in op.args)) for op in ops)
        return replace(self, ops=kept, outputs=tuple(_resolve(names, name) for name in self.outputs))


def describe_places(places: tuple[int, ...]) -> str:
    """``2:5`` for neighbours, else the first few."""
    if is_range(places):
        return f"{places[0]}:{places[-1] + 1}"
    return ", ".join(map(str, places[:8])) + (", ..." if len(places) > 8 else "")


def is_range(places: tuple[int, ...]) -> bool:
    """Whether the places follow one another."""
    return places == tuple(range(places[0], places[0] + len(places)))


def inlined(graph: Graph) -> frozenset[str]:
    """Values that are written nowhere: computed inside the expression of their only user."""
    users = {arg: op for op in graph.ops for arg in op.args}
    uses, depth, found = graph.uses(), dict[str, int](), set[str]()
    for op in graph.ops:
        reach = 1 + max((depth.get(arg, 0) for arg in op.args), default=0)
        user = users.get(op.name)
        fits = op.kind in ELEMENTWISE or (op.kind == "pick" and op.args[0] not in found)
        alone = user is not None and uses[op.name] == 1 and user.kind in (*ELEMENTWISE, "concat")
        if fits and alone and user is not None and (user.kind == "concat" or user.width == op.width) and reach < _DEEPEST:
            found.add(op.name)
            depth[op.name] = reach
    return frozenset(found)


_DEEPEST = 12
"""Operators in one expression: beyond that nobody can read it."""


def _resolve(names: Mapping[str, str], name: str) -> str:
    while name in names:
        name = names[name]
    return name


def _summary(values: Array) -> str:
    if values.size and bool(np.all(values == values.flat[0])):
        return f"{values.flat[0]:.9g}"
    return f"{{{', '.join(f'{v:.4g}' for v in values.flat[:4])}{', ...' if values.size > 4 else ''}}}"
