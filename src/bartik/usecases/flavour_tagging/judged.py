"""How good a tagger is on toy candidates, and what the figures need of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bartik.core import Array, Arrays, Interval
from bartik.metrics import (
    Calibration,
    auc,
    calibrated_power,
    calibration_points,
    dilution,
    fit_oscillation,
    mistag,
    realised_power,
    roc_curve,
    share_of_optimum,
    smeared_cosine,
    tagging_power,
)
from bartik.simulation.tagging import RESOLUTION, TaggingEvents
from bartik.simulation.tagging_sources import SIGNALS
from bartik.usecases.flavour_tagging.columns import TAGGERS

Judged = tuple[dict[str, Interval], Arrays]
"""Metrics, and arrays for the figures."""
_PERIODS = {"B0": (0.0, 10.0, 25), "Bs": (0.0, 1.06, 24)}
"""Of the decay time in ps in the figure: from, to, bins."""
_LEAST = 20
"""Candidates of a bin that is shown."""


def judged(control: tuple[Array, Array], probability: Array, events: TaggingEvents, best: Array) -> Judged:
    """A tagger's ``probability`` of flavour +1, calibrated on a ``control`` sample (probability, flavour); ``best`` is the true one."""
    power, calibration = calibrated_power(control, probability)
    calibrated = calibration.probability(probability)
    amplitude, curve = _oscillation(calibrated, events)
    metrics = {"tagging power": power} | _quality(calibrated, events, best)
    metrics |= {f"calibration {name}": value for name, value in calibration.intervals().items()}
    arrays = {
        "roc": _roc(probability, events.flavour),
        "calibration": _points(probability, events),
        "line": _line(calibration, probability),
    }
    return metrics | amplitude, arrays | curve


def _quality(probability: Array, events: TaggingEvents, best: Array) -> dict[str, Interval]:
    """Of calibrated probabilities."""
    flavour = events.flavour
    return {
        "claimed tagging power": tagging_power(probability),
        "realised tagging power": realised_power(probability, flavour),
        "of the optimum": share_of_optimum(probability, best),
        "mistag": mistag(probability, flavour),
        "AUC": auc(probability[flavour > 0], probability[flavour < 0]),
    }


def _oscillation(probability: Array, events: TaggingEvents) -> Judged:
    """Amplitude over what calibrated mistags promise, and frequency; for the figure asymmetry, fit, and amplitude with its true value."""
    signal, signed = SIGNALS[events.signal], dilution(probability)
    agrees, size = np.where(events.decayed_as * signed > 0, 1, -1), np.abs(signed)
    found = fit_oscillation(events.time, agrees, size, signal.lifetime, RESOLUTION, signal.frequency)
    low, high, bins = _PERIODS[events.signal]
    grid = np.linspace(low, high, 400)
    shape = smeared_cosine(grid, found.frequency.value, signal.lifetime, RESOLUTION)
    promised, right = float(size[size > 0].mean()), np.sign(events.flavour * signed)
    amplitude = [promised * value for value in (found.amplitude.value, found.amplitude.high - found.amplitude.value)]
    arrays = {
        "asymmetry": _asymmetry(events.time[size > 0], agrees[size > 0], np.linspace(low, high, bins + 1)),
        "oscillation": np.stack([grid, amplitude[0] * shape]),
        "amplitude": np.array([*amplitude, right[right != 0].mean()]),
    }
    return {"oscillation amplitude": found.amplitude, "oscillation frequency": found.frequency}, arrays


def single_taggers(answers: Mapping[str, Array], events: TaggingEvents) -> Array:
    """Of each single tagger: share of candidates with a decision, mistag, realised power; value, low and high [taggers, 3, 3]."""
    rows = []
    for tagger in TAGGERS:
        said = dilution(answers[tagger]) != 0
        wrong = mistag(answers[tagger], events.flavour) if said.any() else Interval(0.5, 0.0, 1.0)
        power = realised_power(answers[tagger], events.flavour, replicas=100)
        rows.append([[said.mean()] * 3, *([found.value, found.low, found.high] for found in (wrong, power))])
    return np.array(rows)


def _roc(probability: Array, flavour: Array) -> Array:
    """Efficiency of flavour +1 and rejection of -1 [2, points]."""
    curve = roc_curve(probability[flavour > 0], probability[flavour < 0])
    keep = np.unique(np.linspace(0, len(curve.signal_efficiency) - 1, 400).astype(int))
    return np.stack([curve.signal_efficiency[keep], curve.background_rejection[keep]])


def _asymmetry(time: Array, agrees: Array, edges: Array) -> Array:
    """Mean agreement in bins of the decay time [bins, 5]: edges, value, low and high."""
    which = np.searchsorted(edges, time, side="right") - 1
    bins = [place for place in range(len(edges) - 1) if np.count_nonzero(which == place) >= _LEAST]
    means = np.array([agrees[which == place].mean() for place in bins])
    errors = np.sqrt((1 - means**2) / np.array([np.count_nonzero(which == place) for place in bins]))
    return np.stack([edges[bins], edges[1:][bins], means, means - errors, means + errors], axis=1)


def _points(probability: Array, events: TaggingEvents) -> Array:
    signed = dilution(probability)
    made = signed != 0
    return calibration_points((1 - np.abs(signed[made])) / 2, (signed * events.flavour)[made] > 0)


def _line(calibration: Calibration, probability: Array) -> Array:
    """The calibration over the predicted mistags there are [2, points]."""
    grid = np.linspace(float((1 - np.abs(dilution(probability)).max()) / 2), 0.5, 50)
    return np.stack([grid, calibration.mistag(grid)])
