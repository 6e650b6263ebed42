"""What a fit found, and the file it is kept in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bartik.core import Array, DataError, Interval
from bartik.core.files import read_json, write_json


class Parameter(NamedTuple):
    """What a fit may change: where it starts, how far a first step goes, and its limits."""

    name: str
    start: float
    step: float
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class Fit:
    """Values [p], covariance [p, p] and the likelihood's negative logarithm there; ``calls`` of it with its gradient."""

    names: tuple[str, ...]
    values: Array
    covariance: Array
    nll: float
    calls: int

    @property
    def errors(self) -> Array:
        """Standard deviations [p]."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def correlation(self) -> Array:
        """Correlations [p, p]."""
        return np.asarray(self.covariance / np.outer(self.errors, self.errors))

    def __getitem__(self, name: str) -> float:
        """The value of the parameter ``name``."""
        return float(self.values[self.names.index(name)])

    def error(self, name: str) -> float:
        """The standard deviation of the parameter ``name``."""
        return float(self.errors[self.names.index(name)])

    def intervals(self) -> dict[str, Interval]:
        """Every parameter with its 68.3% interval."""
        triples = zip(self.names, self.values.tolist(), self.errors.tolist(), strict=True)
        return {name: Interval(value, value - error, value + error) for name, value, error in triples}

    def pulls(self, truth: Mapping[str, float], names: Sequence[str] = ()) -> Array:
        """Distance from the truth in standard deviations, of ``names`` or of all."""
        chosen = names or self.names
        return np.array([(self[name] - truth[name]) / self.error(name) for name in chosen])

    def write(self, path: Path, more: Mapping[str, Any]) -> None:
        """Write a JSON file, whole or not at all, with ``more`` plain values in it."""
        values = {"names": list(self.names), "values": self.values.tolist(), "covariance": self.covariance.tolist()}
        write_json(path, values | {"nll": self.nll, "calls": self.calls} | dict(more))

    @classmethod
    def read(cls, path: Path) -> Fit:
        """Inverse of `write`; `DataError` where the file holds no fit."""
        values = read_json(path)
        try:
            found = cls(
                tuple(values["names"]),
                np.array(values["values"], np.float64),
                np.array(values["covariance"], np.float64),
                float(values["nll"]),
                int(values["calls"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: holds no fit ({error})", hint="fit again: bartik train USECASE --out DIR") from error
        if found.covariance.shape != (len(found.names), len(found.values)):
            raise DataError(f"{path}: {len(found.names)} names and a covariance of shape {found.covariance.shape}", hint="fit again")
        return found
