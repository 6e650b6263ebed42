"""What there is to see: energies, shapes, resolution, distances, and quality against time."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bartik import plots
from bartik.core import Array, Arrays
from bartik.metrics.shower_observables import GROUPS, response
from bartik.usecases.calorimeter_showers.published import COLUMNS, GEANT4
from bartik.usecases.calorimeter_showers.together import FLOOR, PARTS, REFERENCE

Drawn = tuple[str, str, Figure]
_LOWEST, _BINS = 1.0, 8


def figures(arrays: Arrays, metrics: dict[str, Any]) -> list[Drawn]:
    """Distributions, profiles, response, separation powers, quality against time."""
    return [
        _distribution(arrays, "total", "E_tot / E_inc", "Energy that is seen", (0.5, 99.5)),
        _profiles(arrays),
        _response(arrays),
        _distribution(arrays, "voxels", "log10 of the energy of a voxel [MeV]", "Energies of voxels", (0, 100)),
        _distribution(arrays, "sparsity", "share of voxels without energy", "Sparsity", (0, 100)),
        _distribution(arrays, "centre", "centre of energy of a layer, x [mm]", "Centre of a layer", (0.5, 99.5)),
        _distribution(arrays, "width", "width of a layer, r [mm]", "Width of a layer", (0, 99.9)),
        _powers(metrics),
        *_quality(arrays, metrics),
    ]


def _distribution(arrays: Arrays, key: str, xlabel: str, title: str, percentiles: tuple[float, float]) -> Drawn:
    """The reference last: ratios are to it."""
    samples = {name: arrays[f"{key}|{name}"] for name in (*PARTS, REFERENCE)}
    low, high = np.percentile(samples[REFERENCE], percentiles)
    edges = np.linspace(low, max(high, low + 1e-6), 41).tolist()
    return title, "Test showers; the ratio is to the simulation. Bars are statistical.", plots.distributions(samples, edges, xlabel)


def _profiles(arrays: Arrays) -> Drawn:
    names = (REFERENCE, *PARTS)
    along = {name: arrays[f"profile|{name}"][0] for name in names}
    across = {name: arrays[f"rings|{name}"].sum(0) for name in names}
    return "Profiles", "Mean share of the incident energy in each layer and in each ring.", plots.shower_profiles(along, across)


def _response(arrays: Arrays) -> Drawn:
    energies = arrays[f"incident|{REFERENCE}"] / 1000
    edges = np.geomspace(max(energies.min(), 1e-3), energies.max() * 1.001, _BINS + 1)
    mean, width = {}, {}
    for name in (REFERENCE, *PARTS, FLOOR):
        incident = arrays[f"incident|{name}"] / 1000
        found, spread, errors = response(arrays[f"total|{name}"] * incident, incident, edges)
        mean[name], width[name] = np.stack([found, errors[0]]), np.stack([spread, errors[1]])
    caption = (
        "Mean of E_tot / E_inc, and its spread over its mean, in bins of the incident energy; below, that over the simulation's, whose own "
        "error is the band. The floor is another sample of the simulation. Bars are statistical."
    )
    return "Response and resolution", caption, plots.shower_response(edges, mean, width)


def _powers(metrics: dict[str, Any]) -> Drawn:
    names = (*PARTS, FLOOR)
    powers = {name: {key: _value(metrics[name][f"separation, {key}"]) for key in GROUPS} for name in names}
    caption = "Mean over layers, against the simulation; the floor is that of another sample of the simulation of the same size."
    return "Separation powers", caption, plots.separation_powers(powers)


def _quality(arrays: Arrays, metrics: dict[str, Any]) -> list[Drawn]:
    ours = {}
    for name in PARTS:
        times: Array = arrays[f"times|{name}"]
        row = times[min(1, len(times) - 1)]
        ours[name] = (float(np.nanmin(row[1:])), _value(metrics[name]["AUC, low level"]))
    caption = (
        "Ours: parametric showers of 300 voxels, one core. Grey, where the published tables are at hand: set 2 of the CaloChallenge, "
        "6480 voxels of full simulation, on a GPU, judged by another classifier. It is not the same task: see the order, not the "
        "distance."
    )
    floor = _value(metrics[FLOOR]["AUC, low level"])
    return [("Quality against time", caption, plots.quality_against_time(ours, _others(arrays), floor))]


def _others(arrays: Arrays) -> dict[str, tuple[float, float]]:
    if "published|names" not in arrays:
        return {}
    time, area = COLUMNS.index("time GPU 100"), COLUMNS.index("binary cls low")
    rows = zip(arrays["published|names"].tolist(), arrays["published|values"], strict=True)
    return {name: (row[time], row[area]) for name, row in rows if name != GEANT4 and np.isfinite(row[[time, area]]).all()}


def _value(found: Any) -> float:
    return float(found["value"] if isinstance(found, dict) else found.value)
