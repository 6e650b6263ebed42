"""Values while a model is read, and the graph that grows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from bartik.compiler.graph import Op
from bartik.compiler.semantics import elementwise
from bartik.core import Array, TensorSpec, UnsupportedError

MAX_WIDTH = 1 << 13
"""Most values of one row that are compiled: they lie on the stack."""
HINT = "use another backend, for example onnxruntime"

Shape: TypeAlias = tuple[int | None, ...]
"""``None`` is the batch axis: the first, but between two transpositions."""


@dataclass(frozen=True)
class Node:
    """An ONNX node as plain values; ``name`` is quoted already."""

    kind: str
    name: str
    results: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Constant:
    """Values known now. ``sizes`` marks a list of sizes in which -1 is the batch."""

    array: Array
    sizes: bool = False


@dataclass(frozen=True)
class Tensor:
    """A value of the graph, with its axes; ``constant`` if it is the same for every row."""

    name: str
    shape: Shape
    dtype: str = "float32"
    constant: bool = False

    @property
    def row(self) -> tuple[int, ...]:
        """Axes of one row."""
        return tuple(axis for axis in self.shape if axis is not None)

    @property
    def width(self) -> int:
        """Values of one row."""
        return math.prod(self.row)


Value: TypeAlias = Constant | Tensor


def refuse(node: Node, reason: str) -> UnsupportedError:
    """The refusal of a node."""
    return UnsupportedError(f"operator {node.kind} of node {node.name}: {reason}", hint=HINT)


@dataclass
class Builder:
    """Operators so far; ``node`` is the one being translated."""

    ops: list[Op] = field(default_factory=list)
    node: Node = field(default_factory=lambda: Node("", "", 0, {}))

    def refuse(self, reason: str) -> UnsupportedError:
        """The refusal of the node being translated."""
        return refuse(self.node, reason)

    def input(self, spec: TensorSpec, declared: str) -> Tensor:
        """The next input; `UnsupportedError` unless it is float32 [batch, fixed axes...]."""
        dtype = {"float": "float32", "double": "float64"}.get(declared, declared)
        free = [isinstance(axis, str) for axis in spec.shape]
        if dtype != "float32" or spec.dtype != "float32":
            raise UnsupportedError(f"input {spec.name!r}: {dtype} is not compiled, float32 is", hint=HINT)
        if not free or not free[0] or any(free[1:]):
            raise UnsupportedError(
                f"input {spec.name!r}: shape {list(spec.shape)} is not compiled: wanted a free first axis only", hint=HINT
            )
        shape: Shape = (None, *(axis for axis in spec.shape if isinstance(axis, int)))
        return self._emit("input", (), shape)

    def output(self, value: Tensor) -> str:
        """The name of an output's value."""
        return value.name

    def unary(self, kind: str, x: Value, alpha: float = 0.0) -> Value:
        """An elementwise function of one value."""
        if isinstance(x, Constant):
            return Constant(elementwise(kind, [self.floats(x)], alpha).astype(np.float32))
        return self._emit(kind, (x.name,), x.shape, alpha=alpha, dtype="bool" if kind in ("not", "is_nan") else "float32")

    def binary(self, kind: str, x: Value, y: Value) -> Value:
        """An elementwise function of two values that broadcast."""
        return self.broadcast(kind, [x, y])

    def broadcast(self, kind: str, values: Sequence[Value]) -> Value:
        """An elementwise function of values that broadcast as in numpy, the batch axis apart."""
        dtype = "bool" if kind in ("less", "less_or_equal", "equal") else _dtype(values[-1])
        constants = [v for v in values if isinstance(v, Constant)]
        if len(constants) == len(values):
            return Constant(elementwise(kind, [self.floats(v) for v in constants]))
        row = self._common_row(values)
        names = [self._stretched(v, row) for v in values]
        return self._emit(kind, tuple(names), (None, *row), dtype=dtype)

    def pick(self, x: Tensor, places: Array, row: Sequence[int]) -> Tensor:
        """Elements of each row by place, with new axes."""
        flat = tuple(int(p) for p in places.reshape(-1))
        if flat == tuple(range(x.width)):
            return self.reshaped(x, row)
        return self._emit("pick", (x.name,), (None, *row), places=flat, dtype=x.dtype)

    def concat(self, parts: Sequence[Tensor], row: Sequence[int], dtype: str) -> Tensor:
        """Rows put side by side."""
        return self._emit("concat", tuple(p.name for p in parts), (None, *row), dtype=dtype)

    def dense(self, x: Tensor, weight: Array, bias: Array) -> Tensor:
        """``x @ weight + bias`` with ``weight`` [inputs, outputs]."""
        shape: Shape = (None, weight.shape[1])
        return self._emit("dense", (x.name,), shape, weight=self._finite(weight), bias=self._finite(bias))

    def reshaped(self, x: Tensor, row: Sequence[int], dtype: str = "") -> Tensor:
        """The same values with other axes."""
        return Tensor(x.name, (None, *row), dtype or x.dtype, constant=x.constant)

    def constant(self, values: Array, row: Sequence[int]) -> Tensor:
        """Values that are the same for every row."""
        found = self._emit("constant", (), (None, *row), values=self._finite(values).reshape(-1))
        return Tensor(found.name, found.shape, constant=True)

    def floats(self, x: Constant) -> Array:
        """The values of a constant, which must be float32, or bool as 0 and 1."""
        if x.array.dtype == np.bool_:
            return x.array.astype(np.float32)
        if x.array.dtype != np.float32 or x.sizes:
            raise self.refuse(f"a constant of type {x.array.dtype} is not compiled, float32 is")
        return x.array

    def tensor(self, x: Value | None) -> Tensor:
        """``x``, which must depend on the inputs."""
        if not isinstance(x, Tensor):
            raise self.refuse("its first input does not depend on the model's inputs")
        return x

    def numbers(self, x: Value | None, what: str) -> list[int]:
        """Whole numbers known now."""
        if not isinstance(x, Constant) or x.array.dtype.kind != "i" or x.array.ndim > 1:
            raise self.refuse(f"{what} not known before it runs is not compiled")
        return [int(v) for v in x.array.reshape(-1)]

    def scalar(self, x: Value | None, what: str) -> float:
        """One float known now."""
        if not isinstance(x, Constant) or x.array.size != 1:
            raise self.refuse(f"{what} not known before it runs is not compiled")
        return float(self.floats(x).reshape(()))

    def row_axis(self, x: Tensor, axis: int) -> int:
        """``axis`` counted within the row; the batch axis is refused."""
        found = axis + len(x.shape) if axis < 0 else axis
        batch = x.shape.index(None)
        if not 0 <= found < len(x.shape) or found == batch:
            raise self.refuse(f"axis {axis} of {len(x.shape)} is not compiled: rows do not mix")
        return found - (found > batch)

    def with_batch(self, x: Tensor, place: int) -> Tensor:
        """The same rows, the batch axis in another place."""
        return Tensor(x.name, (*x.row[:place], None, *x.row[place:]), x.dtype, constant=x.constant)

    def _common_row(self, values: Sequence[Value]) -> tuple[int, ...]:
        ranks = {len(v.shape) for v in values if isinstance(v, Tensor)}
        rank = ranks.pop()
        if ranks:
            raise self.refuse("values of different rank are not compiled")
        shapes = [v.row if isinstance(v, Tensor) else self._row_of(v, rank) for v in values]
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError as error:
            raise self.refuse(f"shapes {', '.join(map(str, shapes))} do not broadcast") from error

    def _row_of(self, x: Constant, rank: int) -> tuple[int, ...]:
        shape = x.array.shape
        if len(shape) > rank or (len(shape) == rank and shape[0] != 1):
            raise self.refuse(f"a constant of shape {list(shape)} against rows is not compiled")
        return shape[1:] if len(shape) == rank else shape

    def _stretched(self, x: Value, row: tuple[int, ...]) -> str:
        """The value broadcast to ``row``; one of a single element stays as it is."""
        width = math.prod(row)
        if isinstance(x, Constant):
            array = self.floats(x)
            values = array.reshape(1) if array.size == 1 else np.broadcast_to(array, (1, *row)).reshape(-1)
            return self.constant(values, row).name
        if x.width in (1, width):
            return x.name
        return self.pick(x, np.broadcast_to(np.arange(x.width).reshape(x.row), row), row).name

    def _finite(self, values: Array) -> Array:
        if values.dtype != np.float32:
            raise self.refuse(f"a constant of type {values.dtype} is not compiled, float32 is")
        if np.isnan(values).any():
            raise self.refuse("a constant is NaN")
        return np.ascontiguousarray(values)

    def _emit(self, kind: str, args: tuple[str, ...], shape: Shape, *, dtype: str = "float32", **details: Any) -> Tensor:
        values = details.get("values")
        width = math.prod(axis for axis in shape if axis is not None) if values is None else len(values)
        if not 1 <= width <= MAX_WIDTH:
            raise self.refuse(f"rows of {width} values are not compiled, 1 to {MAX_WIDTH} are")
        op = Op(f"v{len(self.ops)}", kind, width, args, **details)
        self.ops.append(op)
        return Tensor(op.name, shape, dtype)


def _dtype(x: Value) -> str:
    if isinstance(x, Tensor):
        return x.dtype
    return "bool" if x.array.dtype == np.bool_ else "float32"
