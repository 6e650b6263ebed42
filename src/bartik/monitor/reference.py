"""What a bundle remembers of the rows it was judged on: sketches, not data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bartik.core import Array, Arrays, DataError, Signature, TensorSpec, UsageError
from bartik.monitor.sketch import SCORE_BINS, Sketch, sketch

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Reference:
    """Of each column of the inputs, of the first output, and how many of ``rows`` pass each working point."""

    columns: tuple[Sketch, ...]
    score: Sketch
    passed: Mapping[str, int]
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: what a bundle holds."""
        columns = [one.to_dict() for one in self.columns]
        return {"format": FORMAT, "columns": columns, "score": self.score.to_dict(), "passed": dict(self.passed), "rows": self.rows}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Reference:
        """Inverse of `to_dict`; `DataError` for anything else."""
        try:
            if values["format"] == FORMAT:
                columns = tuple(Sketch.from_dict(one) for one in values["columns"])
                passed = {str(name): int(count) for name, count in values["passed"].items()}
                return cls(columns, Sketch.from_dict(values["score"]), passed, int(values["rows"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"no reference for a monitor ({error})", hint="export the model again") from error
        raise DataError(f"no reference for a monitor of format {FORMAT}", hint="export the model again")


def remember(signature: Signature, inputs: Arrays, outputs: Arrays, points: Mapping[str, float]) -> Reference:
    """Of rows ``inputs`` and what the model says of them; inputs without named columns are left out.

    `UsageError` where no input has columns.
    """
    names = column_names(signature)
    if not names:
        raise UsageError("no input has named columns, so there is nothing to monitor")
    units = [column.unit for spec in _sketched(signature) for column in spec.columns]
    columns = zip(names, column_values(signature, inputs), units, strict=True)
    scores = first_output(signature, outputs)
    made = tuple(sketch(name, values, unit=unit) for name, values, unit in columns)
    passed = {name: int((scores >= threshold).sum()) for name, threshold in points.items()}
    return Reference(made, sketch("score", scores, SCORE_BINS, keep=list(points.values())), passed, len(scores))


def first_output(signature: Signature, outputs: Arrays) -> Array:
    """The score: the first value of the first output of each row, float64 [rows]."""
    values = outputs[signature.outputs[0].name]
    return np.asarray(values.reshape(len(values), -1)[:, 0], np.float64)


def column_names(signature: Signature) -> list[str]:
    """Of all columns that are watched; with the tensor's name before them where several have columns."""
    tensors = _sketched(signature)
    return [f"{spec.name}.{column.name}" if len(tensors) > 1 else column.name for spec in tensors for column in spec.columns]


def column_values(signature: Signature, inputs: Arrays) -> list[Array]:
    """Values of these columns, each as many as its tensor has rows (and steps)."""
    flat = [(spec, inputs[spec.name].reshape(-1, len(spec.columns))) for spec in _sketched(signature)]
    return [values[:, place] for spec, values in flat for place in range(len(spec.columns))]


def _sketched(signature: Signature) -> list[TensorSpec]:
    return [spec for spec in signature.inputs if spec.columns and spec.dtype.startswith("float")]
