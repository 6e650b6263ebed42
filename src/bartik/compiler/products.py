"""Products of matrices within a row, as kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bartik.core import Array

_ALIGNMENT = 16


@dataclass(frozen=True, eq=False)
class Product:
    """x [batch, rows, count] times y [batch, count, columns], both parts of a row, as `Kernel`."""

    batch: int
    rows: int
    count: int
    columns: int

    function = "product"
    header = "products"
    lanes = True
    scratch = 0

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.batch * self.rows * self.columns

    def parameters(self) -> tuple[int | str, ...]:
        """Of the template."""
        return (self.batch, self.rows, self.count, self.columns)

    def constants(self) -> Mapping[str, Array]:
        """None."""
        return {}

    def multiply_adds(self) -> int:
        """Of one row."""
        return self.width * self.count

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In numpy."""
        x = args[0].reshape(-1, self.batch, self.rows, self.count)
        y = args[1].reshape(-1, self.batch, self.count, self.columns)
        with np.errstate(all="ignore"):
            return np.asarray(x @ y, x.dtype).reshape(len(x), -1)

    def __str__(self) -> str:
        """For example ``product 4 x [10,8] [8,10]``."""
        return f"product {self.batch} x [{self.rows},{self.count}] [{self.count},{self.columns}]"


@dataclass(frozen=True, eq=False)
class InnerDense:
    """x [rows, inputs] times weights [inputs, outputs], and a bias [outputs], as `Kernel`: a dense layer for each of the inner rows."""

    rows: int
    weight: Array
    bias: Array

    function = "inner_dense"
    header = "products"
    lanes = True
    scratch = 0

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.rows * int(self.weight.shape[1])

    def parameters(self) -> tuple[int | str, ...]:
        """Of the template."""
        return (self.rows, *map(int, self.weight.shape))

    def constants(self) -> Mapping[str, Array]:
        """Both padded with zeros to whole vectors."""
        return {"weight": _padded(self.weight), "bias": _padded(self.bias)}

    def multiply_adds(self) -> int:
        """Of one row."""
        return self.rows * int(self.weight.size)

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In numpy."""
        x = args[0].reshape(len(args[0]), self.rows, -1)
        with np.errstate(all="ignore"):
            return np.asarray(x @ self.weight + self.bias, x.dtype).reshape(len(x), -1)

    def __str__(self) -> str:
        """For example ``inner dense 20 x [16,32]``."""
        return f"inner dense {self.rows} x [{','.join(map(str, self.weight.shape))}]"


def _padded(values: Array) -> Array:
    widths = [(0, 0)] * (values.ndim - 1) + [(0, -values.shape[-1] % _ALIGNMENT)]
    return np.ascontiguousarray(np.pad(values, widths)).reshape(-1)
