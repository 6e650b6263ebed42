"""Flavour tagging: how much a tagger's decisions are worth, and their combination.

A tagger gives the probability that a signal was made with flavour +1. Its decision is the likelier flavour, its mistag the probability of
the other one, its dilution ``2 p - 1``. Flavours are +1 and -1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bartik.core import Array, DataError, Interval
from bartik.metrics.arrays import Floats, flat, weights_like
from bartik.metrics.efficiencies import efficiency
from bartik.metrics.resampling import bootstrap


def dilution(probability: Array) -> Floats:
    """Signed dilution ``2 p - 1`` [rows]; `DataError` outside 0 to 1.

    >>> dilution(np.array([0.5, 0.9, 0.0])).round(3).tolist()
    [0.0, 0.8, -1.0]
    """
    p = flat("probability", probability)
    if p.min() < 0 or p.max() > 1:
        raise DataError(f"probability: wanted 0 to 1, got {p.min():g} to {p.max():g}")
    return 2 * p - 1


def mistag(probability: Array, flavour: Array, weights: Array | None = None) -> Interval:
    """Share of wrong decisions among those that are made (p = 0.5 is none)."""
    d, truth, share = dilution(probability), flavours(flavour), weights_like("weights", np.size(probability), weights)
    made = d != 0
    return efficiency((d * truth)[made] < 0, share[made])


def tagging_power(probability: Array, weights: Array | None = None, *, replicas: int = 200) -> Interval:
    """Mean of the squared dilution over all signals, those without decision among them: eps_tag <D^2>.

    It takes the tagger's word for its mistag, and so holds for calibrated ones only; see `realised_power`.

    >>> tagging_power(np.array([0.9, 0.5, 0.1, 0.5])).value.__round__(3)
    0.32
    """
    squared, share = dilution(probability) ** 2, weights_like("weights", np.size(probability), weights)
    return bootstrap(lambda drawn: float(drawn * share @ squared / (drawn * share).sum()), np.arange(squared.size), replicas=replicas)


def realised_power(probability: Array, flavour: Array, weights: Array | None = None, *, replicas: int = 200) -> Interval:
    """Tagging power that the tagger really has when signals are weighted by its dilution D: <D f>^2 / <D^2>.

    It cannot be raised by claiming smaller mistags, and is at most that of the true probability (Cauchy-Schwarz). ``flavour`` [rows] is the
    truth, or its expectation where that is known.
    """
    d, share = dilution(probability), weights_like("weights", np.size(probability), weights)
    truth = flat("flavour", flavour)
    right, squared = d * truth, d * d

    def power(drawn: Floats) -> float:
        w = drawn * share
        return _ratio(float(w @ right) ** 2, float(w.sum() * (w @ squared)))

    return bootstrap(power, np.arange(d.size), replicas=replicas)


def share_of_optimum(probability: Array, optimal: Array, *, replicas: int = 200) -> Interval:
    """Realised tagging power over the best there can be, where the true probability ``optimal`` of flavour +1 is known [rows]."""
    d, best = dilution(probability), dilution(optimal)
    right, squared, most = d * best, d * d, best * best

    def share(drawn: Floats) -> float:
        return _ratio(float(drawn @ right) ** 2, float((drawn @ squared) * (drawn @ most)))

    return bootstrap(share, np.arange(d.size), replicas=replicas)


def combine(probabilities: Sequence[Array]) -> Floats:
    """Probability [rows] of flavour +1 from independent taggers: the product of their odds; 0.5 says nothing.

    >>> combine([np.array([0.8]), np.array([0.5]), np.array([0.2])]).tolist()
    [0.5]
    """
    clipped = [np.clip((dilution(p) + 1) / 2, 1e-9, 1 - 1e-9) for p in probabilities]
    odds = np.sum([np.log(p / (1 - p)) for p in clipped], axis=0)
    return np.asarray(1 / (1 + np.exp(-odds)))


def flavours(values: Array) -> Floats:
    """Flavours [rows] as float64; `DataError` where one is neither +1 nor -1."""
    truth = flat("flavour", values)
    bad = np.flatnonzero(np.abs(truth) != 1)
    if bad.size:
        raise DataError(f"flavour: wanted +1 or -1, got {truth[bad[0]]:g} in row {bad[0]}")
    return truth


def _ratio(value: float, over: float) -> float:
    """0 where there is nothing to divide by: a tagger that never decides has no power."""
    return value / over if over > 0 else 0.0
