"""How near a stage alone is to the full toy, its inputs being true."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import auc, cut_in_bins, ks_distance, ks_floor

KS, PROBABILITY = "largest KS", "largest difference in bins of p"
_BINS = 10


def drawn_score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Kolmogorov-Smirnov distance of each column from the truth, the largest first; ``KS floor`` is that of equal ones."""
    drawn, truth = outputs["drawn"], data.spectators["truth"]
    found = {name: ks_distance(drawn[:, place], truth[:, place]) for place, name in enumerate(names_of(data))}
    floor = ks_floor(len(drawn), len(truth))
    return {KS: max(found.values(), key=lambda distance: distance.value), "KS floor": Interval(floor, floor, floor)} | found


def probability_score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Largest difference of predicted and true share in bins of momentum, cross entropy in bits, over all outputs; AUC of one output."""
    said = outputs["probability"].astype(float)
    p = data.spectators["p"]
    edges = np.unique(np.quantile(p, np.linspace(0, 1, _BINS + 1)))
    classes = np.arange(1, said.shape[1]) if said.shape[1] > 1 else np.array([1])
    found = {}
    for kind in classes:
        share = said[:, kind] if said.shape[1] > 1 else said[:, 0]
        found[f"class {kind}"] = _largest(share, data.target == kind, p, edges)
    ranked = {"AUC": auc(said[data.target == 1, 0], said[data.target == 0, 0])} if said.shape[1] == 1 else {}
    largest = max(found.values(), key=lambda cut: cut.value)
    return {PROBABILITY: largest, "cross entropy": _entropy(said, data.target)} | ranked


def names_of(data: Dataset) -> list[str]:
    """Names of the columns drawn, which the source carries behind a colon."""
    return data.source.rpartition(": ")[2].split(", ")


def _largest(said: Array, true: Array, p: Array, edges: Array) -> Interval:
    every = np.maximum(np.histogram(p, edges)[0], 1)
    mean = np.histogram(p, edges, weights=np.asarray(said))[0] / every
    cut = cut_in_bins((true, true), (p, p), edges, least=1)
    return cut._replace(second=mean, error=cut.error / np.sqrt(2)).largest


def _entropy(said: Array, target: Array) -> Interval:
    of_true = said[np.arange(len(said)), target.astype(int)] if said.shape[1] > 1 else np.where(target == 1, said[:, 0], 1 - said[:, 0])
    bits = -np.log2(np.maximum(of_true, 1e-12))
    error = float(bits.std() / np.sqrt(len(bits)))
    return Interval(float(bits.mean()), float(bits.mean()) - error, float(bits.mean()) + error)
