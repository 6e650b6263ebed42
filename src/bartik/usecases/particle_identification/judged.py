"""Numbers and curves of answers [tracks, 6] on tracks of known species."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import efficiency_above, efficiency_in_bins, roc_curve
from bartik.simulation.identification import SPECIES
from bartik.usecases.particle_identification.columns import NAMES
from bartik.usecases.particle_identification.score import score

PAIRS = (("e", "pi", 0.01), ("mu", "pi", 0.01), ("K", "pi", 0.05), ("p", "K", 0.05))
"""A species, what is taken for it, and which share of that."""
BINS = {
    "p": [3.0, 6.0, 10.0, 15.0, 20.0, 30.0, 45.0, 70.0, 120.0],
    "eta": [1.8, 2.3, 2.8, 3.3, 3.8, 4.3, 5.0],
    "n_tracks": [10.0, 50.0, 80.0, 110.0, 150.0, 200.0, 400.0],
}
_POINTS = 250
_SCORES = np.linspace(0, 1, 11)


def judged(seen: Array, unseen: Array, seen_data: Dataset, unseen_data: Dataset) -> dict[str, Interval]:
    """Metrics on the channels of the training, and the mean AUC on others."""
    found = score({"score": seen}, seen_data)
    for name, other, share in PAIRS:
        found[f"{name} at {share:.0%} {other}"] = _at(seen, seen_data, name, other, share)[1]
    return found | {"mean AUC, unseen channels": score({"score": unseen}, unseen_data)["mean AUC"]}


def curves(answers: Array, data: Dataset) -> Arrays:
    """ROC of each species, kaons and pions kept in bins, and how true probabilities are."""
    species = data.spectators["species"]
    found = {f"roc {name}": _roc(answers[:, place], species == place) for place, name in enumerate(SPECIES)}
    cut = _at(answers, data, "K", "pi", 0.05)[0]
    passed = answers[:, SPECIES.index("K")] >= cut
    for variable, edges in BINS.items():
        values = along(data.inputs["features"], variable)
        for name in ("K", "pi"):
            mine = species == SPECIES.index(name)
            found[f"bins {variable} {name}"] = _triples(passed[mine], values[mine], edges)
    if answers.min() >= 0 and answers.max() <= 1:
        found |= {f"calibration {name}": calibration(answers[:, place], species == place) for place, name in enumerate(SPECIES)}
    return found


def along(features: Array, variable: str) -> npt.NDArray[np.float64]:
    """Momentum in GeV, pseudorapidity or number of tracks [tracks] of tracks [tracks, 14]."""
    column = {name: features[:, NAMES.index(name)].astype(np.float64) for name in ("p", "pt", "n_tracks")}
    sine = np.clip(column["pt"] / column["p"], 1e-6, 1 - 1e-9)
    return np.arctanh(np.sqrt(1 - sine**2)) if variable == "eta" else column[variable]


def calibration(answers: Array, true: npt.NDArray[np.bool_]) -> Array:
    """In ten bins of a probability: its mean, the share of ``true``, rows [bins, 3]; empty bins are left out."""
    which = np.clip(np.digitize(answers, _SCORES) - 1, 0, len(_SCORES) - 2)
    rows = [which == place for place in range(len(_SCORES) - 1)]
    return np.array([[answers[mine].mean(), true[mine].mean(), mine.sum()] for mine in rows if mine.any()])


def _at(answers: Array, data: Dataset, name: str, other: str, share: float) -> tuple[float, Interval]:
    """The cut that so large a share of another species passes, and the share of the species that does."""
    species, place = data.spectators["species"], SPECIES.index(name)
    wrong = np.sort(answers[species == SPECIES.index(other), place])[::-1]
    cut = float(np.nextafter(wrong[min(int(share * len(wrong)), len(wrong) - 1)], np.inf, dtype=wrong.dtype))
    return cut, efficiency_above(answers[species == place, place], cut)


def _roc(answers: Array, true: npt.NDArray[np.bool_]) -> Array:
    """Efficiency and rejection [2, points]."""
    curve = roc_curve(answers[true], answers[~true])
    keep = np.unique(np.searchsorted(curve.signal_efficiency, np.linspace(0, 1, _POINTS)).clip(0, len(curve.signal_efficiency) - 1))
    return np.stack([curve.signal_efficiency[keep], curve.background_rejection[keep]])


def _triples(passed: Array, values: Array, edges: list[float]) -> Array:
    """Efficiency in bins [bins, 5]: edges, value, low, high; empty bins are left out."""
    binned = efficiency_in_bins(passed, values, edges)
    rows = zip(binned.edges, binned.edges[1:], binned.values, strict=False)
    return np.array([[low, high, one.value, one.low, one.high] for low, high, one in rows if one is not None]).reshape(-1, 5)
