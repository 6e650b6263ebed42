"""Oscillation of tagged neutral mesons in their decay time: its amplitude says how good the tagging is.

A meson that was tagged with dilution D and decays at time t is seen with the flavour of its tag rather than the other one with probability
``(1 + A D R(t)) / 2``, where ``R`` is ``cos(frequency * t)`` smeared by the resolution of t. A = 1 where dilutions are true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bartik.core import Array, DataError, Interval
from bartik.metrics.arrays import Floats, flat

_LEAST = 1e-12


@dataclass(frozen=True)
class Oscillation:
    """Amplitude A and frequency in 1/ps."""

    amplitude: Interval
    frequency: Interval


def smeared_cosine(time: Array, frequency: float, lifetime: float, resolution: float) -> Floats:
    """Mean of ``cos(frequency * t)`` over the true decay times t that a measured ``time`` [rows] in ps may come from.

    True times are exponential with this ``lifetime``, measured ones differ by a Gaussian of this ``resolution``.

    >>> smeared_cosine(np.array([0.0, 2.0]), 0.0, 1.5, 0.05).tolist()
    [1.0, 1.0]
    """
    t = flat("time", time)
    wave = _smeared(t, 1 / lifetime - 1j * frequency, resolution)
    decay = _smeared(t, 1 / lifetime + 0j, resolution)
    return np.asarray(wave.real / decay.real)


def fit_oscillation(time: Array, agrees: Array, dilution: Array, lifetime: float, resolution: float, start: float) -> Oscillation:
    """Amplitude and frequency by maximum likelihood, intervals from its curvature.

    ``agrees`` [rows] is +1 where the flavour at decay is that of the tag, -1 where it is not; ``dilution`` [rows] is not negative; the
    frequency is about ``start``. `DataError` where nothing is tagged.
    """
    t, sign, d = flat("time", time), flat("agrees", agrees), flat("dilution", dilution)
    if not d.any():
        raise DataError("oscillation: no signal is tagged")

    from scipy.optimize import minimize  # noqa: PLC0415 - half a second, and most metrics need none of it

    def loss(at: Floats) -> float:
        return -float(np.log(np.maximum(1 + sign * d * at[0] * smeared_cosine(t, at[1], lifetime, resolution), _LEAST)).sum())

    best = minimize(loss, [1.0, start], method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-3, "initial_simplex": _around(start)})
    sigmas = np.sqrt(np.maximum(np.diag(np.linalg.inv(_curvature(loss, best.x))), 0.0))
    amplitude, frequency = (Interval(float(v), float(v - s), float(v + s)) for v, s in zip(best.x, sigmas, strict=True))
    return Oscillation(amplitude, frequency)


def _around(start: float) -> Floats:
    return np.array([[1.0, start], [0.8, start], [1.0, 1.03 * start + 0.01]])


def _smeared(t: Floats, rate: complex, resolution: float) -> np.ndarray[tuple[int], np.dtype[np.complex128]]:
    """``exp(-rate t)`` from t = 0 on, folded with a Gaussian; later than 8 resolutions before 0, where it is nothing."""
    from scipy.special import erfc  # noqa: PLC0415

    late = np.maximum(t, -8 * resolution)
    far = (resolution * rate - late / resolution) / np.sqrt(2)
    return np.asarray(0.5 * np.exp(0.5 * (resolution * rate) ** 2 - rate * late) * erfc(far))


def _curvature(loss: Callable[[Floats], float], at: Floats) -> Floats:
    """Matrix of second derivatives, by differences."""
    steps = np.array([0.02, 0.004])
    found = np.empty((2, 2))
    for i in range(2):
        for k in range(2):
            one, other = np.eye(2)[i] * steps, np.eye(2)[k] * steps
            corners = loss(at + one + other) - loss(at + one - other) - loss(at - one + other) + loss(at - one - other)
            found[i, k] = corners / (4 * steps[i] * steps[k])
    return found
