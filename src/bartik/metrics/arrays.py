"""Checks that all metrics share: flat, finite, of one length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError, UsageError

Floats = npt.NDArray[np.float64]


def flat(name: str, values: Array) -> Floats:
    """``values`` [rows] or [rows, 1] as float64 [rows]; `DataError` where there are none, or one is not finite."""
    array = np.asarray(values, dtype=np.float64)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.ndim != 1 or array.size == 0:
        raise DataError(f"{name}: wanted one value a row, got shape {np.shape(values)}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise DataError(f"{name}: {bad.size} of {array.size} values are not finite, the first in row {bad[0]}")
    return array


def weights_like(name: str, rows: int, weights: Array | None) -> Floats:
    """Non-negative weights [rows]; ones where there are none."""
    if weights is None:
        return np.ones(rows)
    array = flat(name, weights)
    if array.size != rows or (array < 0).any() or not array.any():
        raise DataError(f"{name}: wanted {rows} non-negative weights with a positive sum, got {array.size}")
    return array


def effective_entries(weights: Floats) -> float:
    """Number of unweighted entries with the same relative uncertainty: (sum w)^2 / sum w^2 (Kish 1965).

    >>> effective_entries(np.array([2.0, 2.0, 2.0]))
    3.0
    """
    return float(weights.sum() ** 2 / (weights**2).sum())


def joined_clusters(clusters: tuple[Array, Array], signal: int, background: int) -> Array:
    """Event numbers of all rows, the signal's first; `UsageError` where there is not one a row."""
    sizes = tuple(np.size(part) for part in clusters)
    if sizes != (signal, background):
        raise UsageError(f"clusters: wanted {signal} and {background} event numbers, got {' and '.join(map(str, sizes))}")
    return np.concatenate([np.ravel(part) for part in clusters])
