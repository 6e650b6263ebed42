"""What showers are compared by: energies, centres of energy, widths and sparsity of layers, as in the CaloChallenge (arXiv:2410.21611)."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Arrays, DataError, Interval
from bartik.core.voxels import Binning
from bartik.metrics.arrays import Floats
from bartik.metrics.two_samples import separation_power

_LEAST = 1e-9
_BINS = 100
GROUPS = ("E_tot / E_inc", "E_layer", "centre x", "centre y", "centre r", "width x", "width y", "width r", "sparsity", "voxel energy")
"""Names of the observables; all but the first and the last have one value a layer."""


def observables(showers: Array, incident: Array, binning: Binning) -> Arrays:
    """Observables by name [showers, layers with voxels], of energies [showers, voxels] and [showers] in MeV; voxel energies are left out.

    Centres and widths are in mm, weighted by energy, 0 for a layer without energy; sparsity is the share of voxels with none.
    """
    energies = np.asarray(showers, np.float64)
    if energies.ndim != 2 or energies.shape[1] != binning.voxels:
        raise DataError(f"showers: wanted [showers, {binning.voxels}], got {list(energies.shape)}")
    member = (binning.layer[:, None] == np.asarray(binning.filled)[None]).astype(np.float64)
    layers = energies @ member
    found: Arrays = {"E_tot / E_inc": (layers.sum(1) / np.asarray(incident, np.float64).reshape(-1))[:, None], "E_layer": layers}
    for name, place in (("x", binning.x), ("y", binning.y), ("r", binning.radius)):
        mean = (energies @ (member * place[:, None])) / np.maximum(layers, _LEAST)
        square = (energies @ (member * place[:, None] ** 2)) / np.maximum(layers, _LEAST)
        found[f"centre {name}"], found[f"width {name}"] = mean, np.sqrt(np.maximum(square - mean**2, 0.0))
    found["sparsity"] = 1 - (energies > 0).astype(np.float64) @ member / member.sum(0)
    return {name: found[name] for name in GROUPS if name in found}


def high_level(found: Arrays, incident: Array) -> Floats:
    """Features [showers, features] of the observables for classifiers and distances: energies as logarithms of their MeV, above 1 keV."""
    columns = [np.log10(np.asarray(incident, np.float64).reshape(-1, 1)), found["E_tot / E_inc"], np.log10(found["E_layer"] + 1e-3)]
    columns += [found[name] for name in GROUPS[2:9]]
    return np.concatenate(columns, axis=1)


def low_level(showers: Array, incident: Array, threshold: float) -> Floats:
    """Features [showers, voxels + 1]: logarithms of the voxels over the ``threshold`` (1 where there is none), and of the energy."""
    voxels = np.log10(np.asarray(showers, np.float64) / threshold + 1)
    return np.concatenate([voxels, np.log10(np.asarray(incident, np.float64).reshape(-1, 1))], axis=1)


def separation_powers(reference: tuple[Array, Arrays], sample: tuple[Array, Arrays]) -> dict[str, float]:
    """Separation power by observable, mean over its layers; of pairs of showers [showers, voxels] and their `observables`.

    Bins, 100 of them, span what the reference has, energies in the logarithm; what a sample has outside counts in the first and last bin.
    """
    found = {}
    for name, values in reference[1].items():
        log = name == "E_layer"
        found[name] = float(np.mean([_separation(a, b, log=log) for a, b in zip(values.T, sample[1][name].T, strict=True)]))
    found["voxel energy"] = _separation(reference[0].ravel(), sample[0].ravel(), log=True)
    return found


def response(total: Array, incident: Array, edges: Array) -> tuple[Floats, Floats, Floats]:
    """Mean of E_tot / E_inc, its spread over its mean, and errors of both [2, bins], in bins of incident energy; NaN below 10 showers."""
    ratio, place = np.asarray(total, np.float64) / np.asarray(incident), np.digitize(incident, edges) - 1
    mean, width, errors = (np.full(shape, np.nan) for shape in (len(edges) - 1, len(edges) - 1, (2, len(edges) - 1)))
    for number in range(len(edges) - 1):
        values = ratio[place == number]
        if len(values) >= 10:
            mean[number], spread = values.mean(), values.std(ddof=1)
            width[number] = spread / mean[number] if mean[number] > 0 else np.nan
            errors[:, number] = spread / np.sqrt(len(values)), width[number] / np.sqrt(2 * len(values))
    return mean, width, errors


def profile(showers: Array, incident: Array, binning: Binning) -> tuple[Floats, Floats]:
    """Mean share of the incident energy [layers with voxels], and its error."""
    shares = observables(showers, incident, binning)["E_layer"] / np.asarray(incident, np.float64).reshape(-1, 1)
    return shares.mean(0), shares.std(0) / np.sqrt(max(len(shares), 1))


def between(values: list[float]) -> Interval:
    """Mean of some values and the interval of its error, 68.3%."""
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return Interval(mean, mean - error, mean + error)


def _separation(reference: Array, sample: Array, *, log: bool) -> float:
    one, other = (np.log10(np.maximum(values, 1e-3)) if log else values for values in (reference, sample))
    low, high = float(one.min()), float(one.max())
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    return separation_power(one, np.clip(other, edges[0], edges[-1]), edges)
