"""What goes into a model and what comes out: names, dtypes, shapes, columns and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bartik.core.errors import UsageError

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
"""Arrays by name: what every model takes and gives."""

DTYPES = ("float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool")


@dataclass(frozen=True)
class Column:
    """One feature on the last axis of a tensor."""

    name: str
    unit: str = ""
    description: str = ""


@dataclass(frozen=True)
class TensorSpec:
    """Name, dtype and shape of one input or output; an axis named by a string is free.

    ``index_of`` names the axis whose entries the values number, from 0, where they do (the two hits of an edge).

    >>> TensorSpec("features", "float32", ("batch", 17)).width
    17
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    columns: tuple[Column, ...] = ()
    index_of: str = ""

    def __post_init__(self) -> None:
        """Refuse a dtype we do not know and columns that do not fit the last axis."""
        if self.dtype not in DTYPES:
            raise UsageError(f"tensor {self.name!r}: unknown dtype {self.dtype!r}", hint=f"known: {', '.join(DTYPES)}")
        if self.columns and (not self.shape or self.shape[-1] != len(self.columns)):
            raise UsageError(f"tensor {self.name!r}: {len(self.columns)} columns do not fit shape {self.shape}")

    @property
    def width(self) -> int:
        """Product of the fixed axes: values per candidate."""
        return int(np.prod([axis for axis in self.shape if isinstance(axis, int)], dtype=np.int64))

    def check(self, array: Array) -> None:
        """Raise `UsageError` unless ``array`` has this dtype and shape."""
        fits = len(array.shape) == len(self.shape) and all(
            isinstance(want, str) or want == got for want, got in zip(self.shape, array.shape, strict=True)
        )
        if not fits or array.dtype != np.dtype(self.dtype):
            wanted = f"{self.dtype}[{', '.join(map(str, self.shape))}]"
            came = f"{array.dtype}[{', '.join(map(str, array.shape))}]"
            raise UsageError(f"tensor {self.name!r}: wanted {wanted}, got {came}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        columns = [{"name": c.name, "unit": c.unit, "description": c.description} for c in self.columns]
        values = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape), "columns": columns}
        return values | ({"index_of": self.index_of} if self.index_of else {})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TensorSpec:
        """Inverse of `to_dict`."""
        columns = tuple(Column(**column) for column in values.get("columns", ()))
        return cls(values["name"], values["dtype"], tuple(values["shape"]), columns, values.get("index_of", ""))


@dataclass(frozen=True)
class Signature:
    """All inputs and outputs of a model, in order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def check_inputs(self, arrays: Mapping[str, Array]) -> None:
        """Raise `UsageError` unless ``arrays`` holds exactly the inputs, each as specified."""
        _check_names("input", self.inputs, arrays)
        for spec in self.inputs:
            spec.check(arrays[spec.name])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"inputs": [t.to_dict() for t in self.inputs], "outputs": [t.to_dict() for t in self.outputs]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Signature:
        """Inverse of `to_dict`."""
        return cls(
            tuple(TensorSpec.from_dict(v) for v in values["inputs"]),
            tuple(TensorSpec.from_dict(v) for v in values["outputs"]),
        )


def table(columns: tuple[Column, ...], *, output: str = "score") -> Signature:
    """Signature of a tabular classifier: ``features`` float32 [batch, n] in, one probability per row out."""
    features = TensorSpec("features", "float32", ("batch", len(columns)), columns)
    return Signature((features,), (TensorSpec(output, "float32", ("batch", 1)),))


def _check_names(kind: str, specs: tuple[TensorSpec, ...], arrays: Mapping[str, Array]) -> None:
    wanted, came = [s.name for s in specs], sorted(arrays)
    if sorted(wanted) != came:
        raise UsageError(f"{kind}s {', '.join(wanted)} wanted, got {', '.join(came) or 'none'}")
