"""How well species are told apart."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import auc, efficiency_above, threshold_at_efficiency
from bartik.simulation.identification import SPECIES

HEADLINE = "mean AUC"
EFFICIENCIES = (0.95, 0.85)
"""Shares of a species that its working points keep."""
CONFUSED = {"e": "pi", "mu": "pi", "pi": "K", "K": "pi", "p": "K", "ghost": "pi"}
"""What is most often taken for each species."""


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Area under the ROC curve of each species against all others, of ``score`` [tracks, 6], and their mean.

    The interval of the mean takes the six as fully correlated, which they are in part: it is not too narrow.
    """
    found = {f"AUC {name}": _auc(outputs["score"][:, place], data, place) for place, name in enumerate(SPECIES)}
    return {HEADLINE: _mean(list(found.values()))} | found


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """Cuts on each species' output, a track passes at or above it: threshold, efficiency, rejection of all other species together.

    Thresholds come from the validation tracks, efficiency and rejection from the test tracks.
    """
    found = {}
    for place, name in enumerate(SPECIES):
        for wanted in EFFICIENCIES:
            cut = threshold_at_efficiency(own(outputs, validation, place), wanted)
            own_test = test.spectators["species"] == place
            kept = efficiency_above(test_outputs["score"][~own_test, place], cut)
            rejected = Interval(1 - kept.value, 1 - kept.high, 1 - kept.low)
            found[f"{wanted:.0%} of {name}"] = (cut, efficiency_above(test_outputs["score"][own_test, place], cut), rejected)
    return found


def own(outputs: Arrays, data: Dataset, species: int) -> Array:
    """The answers for a species of its own tracks."""
    return np.asarray(outputs["score"][data.spectators["species"] == species, species])


def _auc(answers: Array, data: Dataset, species: int) -> Interval:
    true = data.spectators["species"] == species
    weights = data.weights
    shares = (None, None) if weights is None else (np.maximum(weights[true], 0), np.maximum(weights[~true], 0))
    return auc(answers[true], answers[~true], *shares)


def _mean(values: list[Interval]) -> Interval:
    return Interval(*(float(np.mean([getattr(one, end) for one in values])) for end in ("value", "low", "high")))
