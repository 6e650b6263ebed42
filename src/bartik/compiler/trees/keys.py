"""Floats as whole numbers of the same order, so that every comparison of a tree is one of whole numbers."""

from __future__ import annotations

import numpy as np

from bartik.core import Array

LOWEST = np.iinfo(np.int32).min
"""Below the key of every number: an interval from here has no lower end."""


def keys(values: Array) -> Array:
    """Keys of float32 ``values``: int32, ordered as the numbers are; what is no number has one that means nothing.

    >>> keys(np.array([-np.inf, -1, 0, 1e-45, np.inf], np.float32)).tolist()
    [-2139095041, -1065353217, 0, 1, 2139095040]
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.int32)
    return bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))


def cut_keys(values: Array) -> Array:
    """Keys of cuts: those of minus zero and zero are the same, that of zero. A row's minus zero has -1, which no cut has."""
    return keys(np.where(values == 0, np.float32(0), values))


def before(cuts: Array) -> Array:
    """Keys of the numbers next below ``cuts``: below zero comes the smallest negative number, not minus zero."""
    return np.where(cuts == 0, np.int32(-2), cuts - np.int32(1))
