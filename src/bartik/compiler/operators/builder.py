"""Values while a model is read, and the graph that grows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from bartik.compiler.graph import ELEMENTWISE, EXACT, Op
from bartik.compiler.kernel import Kernel
from bartik.compiler.semantics import elementwise
from bartik.core import Array, TensorSpec, UnsupportedError

MAX_WIDTH = 1 << 22
"""Most values of one row that are compiled."""
HINT = "use another backend, for example onnxruntime"

DTYPES = ("float32", "float64", "int64", "int32", "int8", "uint8", "bool")
"""What goes in and comes out. All is computed as float32, or as float64 where anything is: whole numbers are exact to
2^24, and a bool is 1 or 0."""
MOST_COPIED = 1 << 14
"""Values of one row that are copied for a kernel of float32 in a model with float64: to the stack."""
FLOATS = ("float32", "float64")
BYTES = ("int8", "uint8")
"""Types whose arithmetic would wrap around: they are chosen, compared and converted only."""

MOST_WHOLE = 1 << 24
"""Largest whole number up to which float32 has all."""

Shape: TypeAlias = tuple[int | None, ...]
"""``None`` is the batch axis: the first, but between two transpositions. A model of fixed axes has none: all of it is one row."""


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
    dtype: str
    constant: bool = False

    @property
    def row(self) -> tuple[int, ...]:
        """Axes of one row."""
        return tuple(axis for axis in self.shape if axis is not None)

    @property
    def batch(self) -> int:
        """Place of the batch axis; behind all axes where there is none."""
        return self.shape.index(None) if None in self.shape else len(self.shape)

    @property
    def width(self) -> int:
        """Values of one row."""
        return math.prod(self.row)


Value: TypeAlias = Constant | Tensor


def refuse(node: Node, reason: str) -> UnsupportedError:
    """The refusal of a node."""
    return UnsupportedError(f"operator {node.kind} of node {node.name}: {reason}", hint=HINT)


def type_of(x: Value) -> str:
    """Its dtype by name."""
    return x.dtype if isinstance(x, Tensor) else str(x.array.dtype)


class WiderError(Exception):
    """Something of the model is float64: it is to be read again as such."""


@dataclass
class Builder:
    """Operators so far; ``node`` is the one being translated; ``free`` says whether there is a batch axis.

    ``real`` is what all is computed in; `WiderError` where that is float32 and a value of the model is float64.
    """

    ops: list[Op] = field(default_factory=list)
    node: Node = field(default_factory=lambda: Node("", "", 0, {}))
    free: bool = True
    real: str = "float32"
    types: dict[str, str] = field(default_factory=dict)

    def refuse(self, reason: str) -> UnsupportedError:
        """The refusal of the node being translated."""
        return refuse(self.node, reason)

    def input(self, spec: TensorSpec, declared: str) -> Tensor:
        """The next input; `UnsupportedError` unless it is [batch, fixed axes...], or fixed axes where no input has a batch."""
        dtype = {"float": "float32", "double": "float64"}.get(declared, declared)
        if dtype not in DTYPES or spec.dtype != dtype:
            raise UnsupportedError(f"input {spec.name!r}: {dtype} is not compiled, {', '.join(DTYPES)} are", hint=HINT)
        wanted = "a free first axis only" if self.free else "sizes, as the other inputs have"
        if [isinstance(axis, str) for axis in spec.shape] != [self.free and place == 0 for place in range(len(spec.shape))]:
            raise UnsupportedError(f"input {spec.name!r}: shape {list(spec.shape)} is not compiled: wanted {wanted}", hint=HINT)
        shape = (*self._batch(), *(axis for axis in spec.shape if isinstance(axis, int)))
        return self._emit("input", (), shape, dtype=dtype)

    def output(self, value: Tensor) -> str:
        """The name of an output's value."""
        return value.name

    def unary(self, kind: str, x: Value, alpha: float = 0.0) -> Value:
        """An elementwise function of one value."""
        if isinstance(x, Constant):
            return self._known(kind, [x], alpha)
        dtype = {"not": "bool", "is_nan": "bool", "narrow": "float32"}.get(kind, x.dtype)
        return self._emit(kind, (x.name,), x.shape, alpha=float(np.float32(alpha)), dtype=dtype)

    def binary(self, kind: str, x: Value, y: Value) -> Value:
        """An elementwise function of two values that broadcast."""
        return self.broadcast(kind, [x, y])

    def broadcast(self, kind: str, values: Sequence[Value]) -> Value:
        """An elementwise function of values that broadcast as in numpy, the batch axis apart."""
        dtype = "bool" if kind in ("less", "less_or_equal", "equal") else _dtype(values)
        if dtype in BYTES and kind not in ("select", "maximum", "minimum", "at_least", "at_most"):
            raise self.refuse(f"arithmetic of {dtype}, which wraps around, is not compiled")
        constants = [v for v in values if isinstance(v, Constant)]
        if len(constants) == len(values):
            return self._known(kind, constants)
        shape = self._common(values)
        names = [self._stretched(v, shape) for v in values]
        return self._emit(kind, tuple(names), shape, dtype=dtype)

    def _known(self, kind: str, constants: Sequence[Constant], alpha: float = 0.0) -> Constant:
        """Of constants alone; float32 unless one of them is float64."""
        found = elementwise(kind, [self.floats(v) for v in constants], alpha)
        return Constant(found if any(v.array.dtype == np.float64 for v in constants) else found.astype(np.float32))

    def pick(self, x: Tensor, places: Array, shape: Sequence[int | None]) -> Tensor:
        """Elements of each row by place, with new axes."""
        flat = places.reshape(-1)
        if flat.size == x.width and bool((flat == np.arange(x.width)).all()):
            return self.reshaped(x, shape)
        return self._emit("pick", (x.name,), self._free(shape), places=tuple(flat.tolist()), dtype=x.dtype)

    def concat(self, parts: Sequence[Tensor], shape: Sequence[int | None], dtype: str) -> Tensor:
        """Rows put side by side."""
        return self._emit("concat", tuple(p.name for p in parts), self._free(shape), dtype=dtype)

    def dense(self, x: Tensor, weight: Array, bias: Array) -> Tensor:
        """``x @ weight + bias`` with ``weight`` [inputs, outputs]."""
        shape = self._free([*x.row[:-1], weight.shape[1]])
        return self._emit("dense", (x.name,), shape, weight=self._finite(weight), bias=self._finite(bias))

    def kernel(self, kernel: Kernel, args: Sequence[Value], shape: Sequence[int | None], *, wide: bool = False) -> Tensor:
        """A hand-written kernel, computed in float32 where an argument is that; its result has the axes ``shape``.

        The result is float64 where an argument is, or where a table of the kernel's own is: ``wide``.
        """
        self.check_types(*args)
        real = "float32" if any(type_of(arg) == "float32" for arg in args) else self.real
        names = tuple(self.stored(arg) for arg in args)
        dtype = "float64" if wide or any(type_of(arg) == "float64" for arg in args) else "float32"
        found = self._emit("kernel", names, self._free(shape), dtype=dtype, kernel=kernel, real=real)
        if real != self.real and max(found.width, kernel.scratch, *(arg.width for arg in args if isinstance(arg, Tensor))) > MOST_COPIED:
            raise self.refuse(f"float32 rows of more than {MOST_COPIED} values in a model with float64 are not compiled")
        if kernel.width != found.width:
            raise self.refuse(f"its {kernel.width} values do not fit the shape {list(shape)}")
        return found

    def check_types(self, *values: Value) -> None:
        """Refuse floats of two types in one operator, which ONNX does not allow."""
        if {*FLOATS} <= {type_of(value) for value in values}:
            raise self.refuse("float32 with float64 is not compiled: is the model legal?")

    def kernel_of(self, x: Tensor) -> Kernel | None:
        """The kernel that made ``x``, if one did."""
        return self._made(x.name).kernel

    def arguments_of(self, x: Tensor) -> list[Tensor]:
        """What the operator that made ``x`` takes."""
        return [Tensor(arg, (*self._batch(), self._made(arg).width), self.types[arg]) for arg in self._made(x.name).args]

    def stored(self, x: Value) -> str:
        """The name of a value that is in memory when kernels want it."""
        if isinstance(x, Constant):
            values = self.floats(x)
            x = self.constant(values.reshape(-1), values.shape)
        return self._emit("stored", (x.name,), x.shape).name if x.constant else x.name

    def _made(self, name: str) -> Op:
        return next(op for op in reversed(self.ops) if op.name == name)

    def reshaped(self, x: Tensor, shape: Sequence[int | None], dtype: str = "") -> Tensor:
        """The same values with other axes."""
        return Tensor(x.name, self._free(shape), dtype or x.dtype, constant=x.constant)

    def widened(self, x: Tensor) -> Tensor:
        """The same values as float64."""
        return self._emit("identity", (x.name,), x.shape, dtype="float64")

    def constant(self, values: Array, row: Sequence[int | None], dtype: str = "float32") -> Tensor:
        """Values that are the same for every row, of a ``dtype`` of the model."""
        found = self._emit("constant", (), self._free(row), dtype=dtype, values=self._finite(values).reshape(-1))
        return Tensor(found.name, found.shape, found.dtype, constant=True)

    def floats(self, x: Constant) -> Array:
        """The values of a constant, which must be floats, bool as 0 and 1, or whole numbers that float32 holds exactly."""
        if x.array.dtype == np.float64:
            self.widen()
        whole = x.array.dtype.kind in "iu" and (not x.array.size or int(np.abs(x.array.astype(np.float64)).max()) <= MOST_WHOLE)
        if (x.array.dtype == np.bool_ or whole) and not x.sizes:
            return x.array.astype(self.real)
        if x.array.dtype not in FLOATS or x.sizes:
            raise self.refuse(f"a constant of type {x.array.dtype} is not compiled, float32 is")
        return x.array.astype(self.real)

    def widen(self) -> None:
        """Something is float64: nothing more to do where all is."""
        if self.real != "float64":
            raise WiderError

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
        if not 0 <= found < len(x.shape) or found == x.batch:
            raise self.refuse(f"axis {axis} of {len(x.shape)} is not compiled: rows do not mix")
        return found - (found > x.batch)

    def with_batch(self, x: Tensor, place: int) -> Tensor:
        """The same rows, the batch axis in another place; where there is none, ``x``."""
        return replace(x, shape=(*x.row[:place], None, *x.row[place:])) if self.free else x

    def _batch(self) -> Shape:
        return (None,) if self.free else ()

    def _free(self, shape: Sequence[int | None]) -> Shape:
        """With the batch axis, first unless it stands elsewhere, where there is one, and without it where there is none."""
        if self.free:
            return tuple(shape) if None in shape else (None, *shape)
        return tuple(axis for axis in shape if axis is not None)

    def _common(self, values: Sequence[Value]) -> Shape:
        """The shape that all broadcast to."""
        shapes: list[Shape] = [v.shape if isinstance(v, Tensor) else v.array.shape for v in values]
        rank = max(map(len, shapes))
        columns = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
        try:
            found = tuple(_common_size(set(column)) for column in columns)
        except ValueError as error:
            texts = (str(["batch" if axis is None else axis for axis in shape]).replace("'", "") for shape in shapes)
            raise self.refuse(f"shapes {' and '.join(texts)} do not broadcast with rows apart") from error
        if found.count(None) > 1:  # [batch] and [batch, 1]: each row with every other
            raise self.refuse("batch axes in different places are not compiled: rows do not mix")
        return found

    def _stretched(self, x: Value, shape: Shape) -> str:
        """The value broadcast to ``shape``; one of a single element stays as it is."""
        row = tuple(axis for axis in shape if axis is not None)
        if isinstance(x, Constant):
            array = self.floats(x)
            if array.size == 1:
                return self.constant(array.reshape(1), row).name
            whole = np.broadcast_to(array, tuple(1 if axis is None else axis for axis in shape))
            return self.constant(whole.reshape(-1), row).name
        if x.width in (1, math.prod(row)):
            return x.name
        return self.pick(x, np.broadcast_to(np.arange(x.width).reshape(x.row), row), row).name

    def _finite(self, values: Array) -> Array:
        if values.dtype not in FLOATS:
            raise self.refuse(f"a constant of type {values.dtype} is not compiled, float32 is")
        if np.isnan(values).any():
            raise self.refuse("a constant is NaN")
        return np.ascontiguousarray(values, self.real)

    def _emit(self, kind: str, args: tuple[str, ...], shape: Shape, *, dtype: str = "", **details: Any) -> Tensor:
        values = details.get("values")
        width = math.prod(axis for axis in shape if axis is not None) if values is None else len(values)
        if not 1 <= width <= MAX_WIDTH:
            raise self.refuse(f"rows of {width} values are not compiled, 1 to {MAX_WIDTH} are")
        op = Op(f"v{len(self.ops)}", kind, width, args, **details)
        self.ops.append(op)
        self.types[op.name] = dtype or ("float64" if any(self.types[arg] == "float64" for arg in args) else "float32")
        if self.types[op.name] == "float64":
            self.widen()
        found = Tensor(op.name, shape, self.types[op.name])
        rounds = kind == "dense" or (kind in ELEMENTWISE and kind not in EXACT)
        return self.narrowed(found) if rounds and self.real == "float64" and found.dtype == "float32" else found

    def narrowed(self, x: Tensor) -> Tensor:
        """The same values as float32."""
        return self._emit("narrow", (x.name,), x.shape, dtype="float32")


def _common_size(sizes: set[int | None]) -> int | None:
    """Of one axis: the batch with itself and ones, else as in numpy."""
    rest = sizes - {1}
    if len(rest) > 1:
        raise ValueError(sizes)
    return rest.pop() if rest else 1


def _dtype(values: Sequence[Value]) -> str:
    """Of what is made from these, a condition apart: that of values of the graph, the wider of two floats, else that of constants."""
    made = values[1:] if len(values) == 3 else values
    names = [v.dtype for v in made if isinstance(v, Tensor)] or [type_of(v) for v in made]
    name = "float64" if "float64" in names else names[0]
    return name if name in DTYPES else "float32"
