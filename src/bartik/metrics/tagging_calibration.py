"""Calibration of a mistag: omega = p0 + p1 (eta - <eta>), and how it differs between the two flavours.

For flavour +1 the parameters are p0 + Dp0 / 2 and p1 + Dp1 / 2, for flavour -1 they are p0 - Dp0 / 2 and p1 - Dp1 / 2 (LHCb, Eur. Phys.
J. C 72 (2012) 2022). They are found by maximum likelihood of right and wrong decisions; a calibrated tagger has p0 = <eta>, p1 = 1, Dp = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core import Array, DataError, Interval
from bartik.metrics.arrays import Floats, flat, weights_like
from bartik.metrics.efficiencies import efficiency
from bartik.metrics.resampling import bootstrap
from bartik.metrics.tagging import dilution, flavours

_EDGE = 1e-4
"""A mistag is kept this far from 0 and 1, where a likelihood of a line ends."""
_STEPS, _CONVERGED = 50, 1e-9
NAMES = ("p0", "p1", "Dp0", "Dp1")


@dataclass(frozen=True)
class Calibration:
    """Parameters in the order of `NAMES`, their covariance [4, 4], and <eta>."""

    parameters: Floats
    covariance: Floats
    mean: float

    def mistag(self, eta: Array, flavour: Array | None = None) -> Floats:
        """Calibrated mistag [rows] of predicted ``eta`` [rows], at most 0.5; averaged over flavours unless ``flavour`` [rows] is given."""
        away = flat("eta", eta) - self.mean
        half = np.zeros(away.size) if flavour is None else 0.5 * flavours(flavour)
        p0, p1, d0, d1 = self.parameters
        return np.asarray(np.clip(p0 + half * d0 + (p1 + half * d1) * away, _EDGE, 0.5))

    def probability(self, probability: Array) -> Floats:
        """Calibrated probability [rows] of flavour +1, of a tagger's own."""
        d = dilution(probability)
        return np.asarray(np.where(d == 0, 0.5, 0.5 + 0.5 * np.sign(d) * (1 - 2 * self.mistag((1 - np.abs(d)) / 2))))

    def intervals(self) -> dict[str, Interval]:
        """Parameters by name, one standard deviation to each side."""
        sigmas = np.sqrt(np.diag(self.covariance))
        return {n: Interval(float(v), float(v - s), float(v + s)) for n, v, s in zip(NAMES, self.parameters, sigmas, strict=True)}


def fit_calibration(eta: Array, right: Array, flavour: Array, weights: Array | None = None) -> Calibration:
    """Calibration of the predicted mistags ``eta`` [rows] from decisions that were ``right`` bool [rows] for signals of this ``flavour``.

    ``weights`` may be negative, as sWeights are, if they do not upset the sum: the covariance is then that of weighted events (sandwich).
    `DataError` for a mistag outside 0 to 0.5, for one flavour only, and where every mistag is the same: a line needs two points.
    """
    mistags, truth = flat("eta", eta), flavours(flavour)
    if mistags.min() < 0 or mistags.max() > 0.5:
        raise DataError(f"eta: wanted mistags of 0 to 0.5, got {mistags.min():g} to {mistags.max():g}")
    share = _weights(mistags.size, weights)
    if len(np.unique(truth)) < 2:
        raise DataError("calibration: signals of one flavour only", hint="its differences between flavours need both")
    mean = float(share @ mistags / share.sum())
    away = mistags - mean
    if float(share @ away**2 / share.sum()) < 1e-12:
        raise DataError("eta: every mistag is the same, which fixes no slope", hint="give the tagger's prediction for each signal")
    rows = np.stack([np.ones(away.size), away, 0.5 * truth, 0.5 * truth * away], axis=1)
    wrong = 1.0 - flat("right", np.asarray(right, dtype=bool))
    return Calibration(*_fit(rows, wrong, share), mean)


def calibrated_power(control: tuple[Array, Array], probability: Array, *, replicas: int = 100) -> tuple[Interval, Calibration]:
    """Tagging power of ``probability`` [rows] after calibration on a ``control`` sample (probability, flavour), and that calibration.

    The interval holds what is unknown of both: each replica draws signals of both samples and calibrates anew.
    """
    given, truth = dilution(control[0]), flavours(control[1])
    first, second = np.arange(given.size), np.abs(dilution(probability))
    eta, right, made = (1 - np.abs(given)) / 2, given * truth > 0, given != 0
    best = fit_calibration(eta[made], right[made], truth[made])

    def power(drawn: Floats) -> float:
        here, there = drawn[first], drawn[given.size :]
        drawn_fit = best if drawn.min() == drawn.max() == 1 else fit_calibration(eta[made], right[made], truth[made], here[made])
        squared = np.where(second == 0, 0.0, (1 - 2 * drawn_fit.mistag((1 - second) / 2)) ** 2)
        return float(there @ squared / there.sum())

    return bootstrap(power, np.arange(given.size + second.size), replicas=replicas), best


def calibration_points(eta: Array, right: Array, bins: int = 10) -> Floats:
    """Measured mistag in bins of equal numbers of signals [bins, 6]: edges, mistag, the ends of its interval, mean ``eta``."""
    mistags = flat("eta", eta)
    edges = np.unique(np.quantile(mistags, np.linspace(0, 1, bins + 1)))
    which = np.clip(np.searchsorted(edges, mistags, side="right") - 1, 0, max(0, len(edges) - 2))
    wrong = ~np.asarray(right, dtype=bool)
    rows = []
    for place in np.unique(which):
        mine, found = which == place, efficiency(wrong[which == place])
        rows.append([edges[place], edges[min(place + 1, len(edges) - 1)], found.value, found.low, found.high, mistags[mine].mean()])
    return np.array(rows)


def _weights(rows: int, weights: Array | None) -> Floats:
    if weights is None or np.min(weights) >= 0:
        return weights_like("weights", rows, weights)
    share = flat("weights", weights)
    if share.size != rows or share.sum() <= 0:
        raise DataError(f"weights: wanted {rows} with a positive sum, got {share.size} with {share.sum():g}")
    return share


def _fit(rows: Floats, wrong: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Parameters and covariance of ``P(wrong) = rows @ parameters``, by Fisher's scoring, steps halved where a whole one goes too far."""
    parameters = np.array([float(share @ wrong / share.sum()), 1.0, 0.0, 0.0])
    for _ in range(_STEPS):
        information, pulls = _information(rows, wrong, share, parameters)
        step = np.linalg.solve(information, pulls.sum(0))
        before = _loss(rows, wrong, share, parameters)
        while _loss(rows, wrong, share, parameters + step) > before and np.abs(step).max() >= _CONVERGED:
            step = step / 2
        if np.abs(step).max() < _CONVERGED:
            break
        parameters = parameters + step
    information, pulls = _information(rows, wrong, share, parameters)
    inverse = np.linalg.inv(information)
    return parameters, inverse @ (pulls.T @ pulls) @ inverse


def _information(rows: Floats, wrong: Floats, share: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """Fisher's information [4, 4], and what each signal adds to the gradient of the logarithm of the likelihood [rows, 4]."""
    expected = np.clip(rows @ parameters, _EDGE, 1 - _EDGE)
    scale = share / (expected * (1 - expected))
    return (rows * scale[:, np.newaxis]).T @ rows, rows * (scale * (wrong - expected))[:, np.newaxis]


def _loss(rows: Floats, wrong: Floats, share: Floats, parameters: Floats) -> float:
    expected = np.clip(rows @ parameters, _EDGE, 1 - _EDGE)
    return -float(share @ np.log(np.where(wrong > 0.5, expected, 1 - expected)))
