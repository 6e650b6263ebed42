"""Momentum resolution of tracks through the magnet, and what electrons lose before it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array

_MOMENTUM = (0.0, 20.0, 100.0, 200.0, 300.0)
_RESOLUTION = (0.005, 0.005, 0.008, 0.010, 0.011)
RADIATING = 0.2
"""Share of electrons that lose energy by bremsstrahlung that no cluster gives back: of this toy."""
_HARDNESS = 3.0


def momentum_resolution(p: Array) -> npt.NDArray[np.float64]:
    """Relative resolution of the momentum ``p`` [tracks] of long tracks: 0.5% below 20 GeV, 0.8% at 100, 1% at 200 (arXiv:1412.6352).

    >>> momentum_resolution([5.0, 60.0, 200.0]).round(4).tolist()
    [0.005, 0.0065, 0.01]
    """
    return np.asarray(np.interp(p, _MOMENTUM, _RESOLUTION))


def measured_momentum(rng: np.random.Generator, p: Array, electron: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Momenta [tracks] as measured: the curvature, which goes as 1/p, is Gaussian; a fifth of the electrons have lost part of theirs.

    The part lost, x, is distributed as (1 - x)²: many lose little.
    """
    left = np.where(electron & (rng.random(len(p)) < RADIATING), rng.random(len(p)) ** (1 / _HARDNESS), 1.0)
    inverse = 1 + momentum_resolution(p) * rng.standard_normal(len(p))
    return np.asarray(np.asarray(p) * left / np.maximum(inverse, 0.5))
