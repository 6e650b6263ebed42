"""Rows on the edges of what can be, to stand beside real rows in a bundle's reference."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, DataError

LARGE = 1e18
"""A wild value, as a failed fit gives; its square still is a float32, so that a variance of it is finite."""

_FAR = 10
"""How many times its own width a column is left behind by the far rows."""


def edge_rows(features: Array) -> Array:
    """Rows [9, columns], dtype of ``features`` [rows, columns]: zeros, minima, maxima, both in turn, far outside, very large.

    There is no NaN among them: what a model does with one is looked at apart (`bartik.checks`).
    Raises `DataError` where ``features`` has no rows or a value that is not finite.
    """
    if features.ndim != 2 or len(features) == 0:
        raise DataError(f"edge rows: wanted features [rows, columns], got {list(features.shape)}")
    broken = ~np.isfinite(features).all(axis=0)
    if broken.any():
        raise DataError(f"edge rows: column {int(np.argmax(broken))} of features holds values that are not finite")
    low, high = features.min(axis=0).astype(np.float64), features.max(axis=0).astype(np.float64)
    far = _FAR * (high - low)
    odd = np.arange(features.shape[1]) % 2 == 1
    turns = np.where(odd, low, high), np.where(odd, high, low)
    large = np.full_like(low, LARGE)
    rows = np.stack([np.zeros_like(low), low, high, *turns, low - far, high + far, large, -large])
    limit = np.finfo(features.dtype).max if features.dtype.kind == "f" else np.iinfo(features.dtype).max
    clipped: Array = np.clip(rows, -float(limit), float(limit))
    return clipped.astype(features.dtype)
