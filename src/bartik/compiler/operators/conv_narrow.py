"""Convolutions with lanes along the outputs, plain and transposed: when, and the tables of ``kernels/conv_narrow.hpp``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bartik.compiler.operators.windows import ROOM, whole
from bartik.core import Array

_FEW = 64
"""Places up to which lanes along the outputs are thought of."""
_WORTH = 1.3
"""How much better filled the lanes must be for that."""


def pays(places: int, swept: int, outputs: int) -> bool:
    """Whether lanes are better filled along ``outputs`` than along ``places``, for which ``swept`` are computed."""
    return places <= _FEW and outputs / whole(outputs) > _WORTH * places / swept


def scratch(dealt: int, outputs: int, positions: int) -> int:
    """Values of the dealt planes and of the sums of one group."""
    return dealt + positions * whole(outputs) + ROOM


def tables(weight: Array, bias: Array, alpha: Array, offsets: Array, places: Sequence[int], to: Sequence[int]) -> Mapping[str, Array]:
    """From ``weight`` [groups, channels, taps, spread, outputs] and ``bias`` [groups * outputs]."""
    groups, channels, taps, _, outputs = weight.shape
    gap = (0, whole(outputs) - outputs)
    padded = np.pad(weight, [(0, 0)] * 4 + [gap]).reshape(groups, channels, taps, -1, _columns(outputs))
    return {
        "weight": padded.transpose(0, 3, 1, 2, 4).reshape(-1),
        "bias": np.pad(bias.reshape(groups, -1), [(0, 0), gap]).reshape(-1),
        "alpha": alpha,
        "offsets": offsets,
        "places": np.array(places, np.int32),
        "to": np.array(to, np.int32),
    }


def _columns(outputs: int) -> int:
    """Columns of weights that lie together: as many as one sweep of the channels takes."""
    return next(size for size in (64, 32, 16) if whole(outputs) % size == 0)
