"""What is measured of a reconstructed track: its state at the closest point to the beam, how well it fits, and its covariance.

Long tracks have the resolutions of `impact` and `momentum`; all else is of this toy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.response import impact, momentum
from bartik.simulation.response.tracking import DOWNSTREAM, LONG, UPSTREAM, USUAL

RESIDUALS = ("dx", "dy", "dz", "dtx", "dty", "dp", "chi2PerDoF", "nDoF", "ghostProb")
"""Measured less true position in mm, slopes and momentum in GeV; then the quality of the track."""
STATE = ("x", "y", "tx", "ty", "qp")
"""Of which there is a covariance; q/p in 1/GeV."""
PAIRS = tuple((row, column) for row in range(5) for column in range(row))
FLATTEST = 0.005
"""Sine of the angle to the beam below which the resolution along the beam no longer grows."""
_SLOPE = -0.5  # correlation of position and slope
_WORSE = np.array([1.0, 1.0, 1.2, 25.0])
_DEGREES = np.array([1.0, 27.0, 9.0, 17.0])
_RELATIVE = {UPSTREAM: 0.15, DOWNSTREAM: 0.012}
_CENTRES = np.array([0.0, -0.45, 0.0, 0.0, -0.45, 0.1, 0.15, 0.0, 0.25, 0.1])
"""Partial correlations of `PAIRS` in the middle, as inverse hyperbolic tangents."""


def resolutions(kind: Array, p: Array, theta: Array) -> npt.NDArray[np.float64]:
    """Widths [tracks, 5] of the core of x and y in mm, both slopes, and relative momentum, of tracks of class ``kind``.

    Momentum ``p`` in GeV, angle to the beam ``theta`` in radians.
    """
    kind, p = np.asarray(kind), np.asarray(p, np.float64)
    across = impact.impact_resolution(p * np.maximum(np.sin(theta), 1e-3)) / 1000 * _WORSE[kind]
    slope = 1e-3 * np.hypot(0.04, 0.6 / p) * np.where(kind == DOWNSTREAM, 4.0, 1.0)
    relative = np.select([kind == other for other in _RELATIVE], list(_RELATIVE.values()), momentum.momentum_resolution(p))
    return np.stack([across, across, slope, slope, relative], axis=1)


def residuals(rng: np.random.Generator, kind: Array, p: Array, theta: Array, pdg: Array, charged: Array) -> npt.NDArray[np.float64]:
    """Columns [tracks, 9] of `RESIDUALS`; arguments as `resolutions`, and ``charged`` particles of the event.

    A twentieth of the tracks have wrong hits: they are measured three times worse and fit worse (`impact.TAIL`).
    """
    sigma, count = resolutions(kind, p, theta), len(np.asarray(p))
    wrong = rng.random(count) < impact.TAIL
    factor = np.where(wrong, impact.TAIL_SCALE, 1.0)
    drawn = rng.standard_normal((count, 5))
    drawn[:, 2:4] = _SLOPE * drawn[:, :2] + np.sqrt(1 - _SLOPE**2) * drawn[:, 2:4]
    across = drawn[:, :4] * sigma[:, :4] * factor[:, np.newaxis]
    along = sigma[:, 0] * factor / np.maximum(np.sin(theta), FLATTEST) * rng.standard_normal(count)
    left = momentum.measured_momentum(rng, np.ones(count), np.abs(pdg) == 11) if count else np.ones(0)
    radiated = np.where((np.abs(pdg) == 11) & (left < 0.97), left, 1.0)
    dp = np.asarray(p) * (radiated / np.maximum(1 + sigma[:, 4] * drawn[:, 4], 0.5) - 1)
    degrees = 1 + rng.binomial(60, _DEGREES[np.asarray(kind)] / 60 * (1 - 0.15 * np.exp(-np.asarray(p) / 3)))
    scale = 1 + 0.3 / np.asarray(p) + 0.8 * wrong * rng.random(count)
    chi2 = scale * rng.chisquare(degrees) / degrees
    ghost = -3.2 + 1.6 * (chi2 - 1) + 0.4 * (np.asarray(charged) / USUAL - 1) + 0.8 * (np.asarray(kind) != LONG)
    ghost = 1 / (1 + np.exp(-(ghost + 0.8 * rng.standard_normal(count))))
    return np.column_stack([across[:, :2], along, across[:, 2:], dp, chi2, degrees, ghost])


def covariance_numbers(rng: np.random.Generator, kind: Array, p: Array, theta: Array, fit: Array) -> npt.NDArray[np.float64]:
    """Numbers [tracks, 15] that make a covariance: decimal logarithms of the five variances, and ten partial correlations.

    The latter are inverse hyperbolic tangents in the order of `PAIRS`; any values make a covariance that is positive definite
    (`correlations`). ``fit`` [tracks, 3] is the quality: the last three of `RESIDUALS`.
    """
    chi2, degrees, _ = np.asarray(fit, np.float64).T
    sigma = resolutions(kind, p, theta)
    sigma[:, 4] /= np.asarray(p)
    spread = np.sqrt(_DEGREES[np.asarray(kind)] / degrees) * (0.7 + 0.3 * chi2)
    variances = 2 * np.log10(sigma * spread[:, np.newaxis]) + 0.05 * rng.standard_normal(sigma.shape)
    tilt = 0.1 * np.tanh(np.log(np.asarray(p) / 10))[:, np.newaxis]
    partial = _CENTRES * (1 + tilt) + 0.08 * rng.standard_normal((len(sigma), len(PAIRS)))
    return np.concatenate([variances, partial], axis=1)


def correlations(partial: Array) -> npt.NDArray[np.float64]:
    """Correlations [tracks, 10] of `PAIRS` from inverse hyperbolic tangents of partial correlations [tracks, 10].

    Row by row of the Cholesky factor: D. Lewandowski et al., J. Multivar. Anal. 100 (2009) 1989.
    """
    factor = np.zeros((len(partial), 5, 5))
    left = np.ones((len(partial), 5))
    for place, (row, column) in enumerate(PAIRS):
        share = np.tanh(partial[:, place])
        factor[:, row, column] = share * np.sqrt(left[:, row])
        left[:, row] = left[:, row] * (1 - share**2)
    factor[:, np.arange(5), np.arange(5)] = np.sqrt(left)
    every = factor @ factor.transpose(0, 2, 1)
    return np.stack([every[:, row, column] for row, column in PAIRS], axis=1)
