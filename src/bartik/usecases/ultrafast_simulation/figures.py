"""What there is to see: distances of all marginals, some of them, cuts in bins of momentum, and the mass peak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bartik import plots
from bartik.core import Array, Arrays, Interval
from bartik.metrics import BinnedEfficiency
from bartik.usecases.ultrafast_simulation.decay import PEAK
from bartik.usecases.ultrafast_simulation.judged import GROUPS
from bartik.usecases.ultrafast_simulation.together import FAST, FLOOR, FULL

Drawn = tuple[str, str, Figure]
TARGET = 0.02
_COLUMNS = {
    "dx": ("quality", "measured less true x [mm]"),
    "chi2PerDoF": ("quality", "χ² per degree of freedom"),
    "ghostProb": ("quality", "ghost probability"),
    "corr_x_tx": ("covariance", "correlation of x and its slope"),
    "DLLK": ("identity", "DLLK of the RICH"),
    "PIDe": ("identity", "PIDe"),
    "ProbNNK": ("identity", "ProbNNK"),
}
_NEUTRAL = (
    ("objects in an event", "neutral objects in an event", "Of the same photons."),
    ("neutral energy", "energy [GeV]", "Of all objects."),
    ("neutral energy over the photon's", "ln of energy over the photon's", "On the right: clusters of several photons."),
    ("neutral x less the photon's", "x less the photon's [cells]", "Far out: clusters of several photons."),
    ("pi0", "mass of both photons of a neutral pion [MeV]", "Pairs of objects whose photons are of one decay, none of them merged."),
    ("pairs", "mass of two objects [MeV]", "Pairs of objects of an event, none merged, pT > 1 GeV: neutral pions above pairs of others."),
)
_CUTS = ("PIDK > 0", "ProbNNmu > 0.5", "reconstructed as long", "IP > 0.03 mm")


def figures(arrays: Arrays, _metrics: Mapping[str, Any]) -> list[Drawn]:
    """Distances, cuts in bins, the mass peak, some marginals, and the neutral objects."""
    return [_distances(arrays), *_cuts(arrays), _mass(arrays), *(_marginal(arrays, name) for name in _COLUMNS), *_neutral(arrays)]


def _distances(arrays: Arrays) -> Drawn:
    names = [name for group in GROUPS.values() for name in group]
    values = {kind: arrays[f"distances|{kind}"] for kind in (FAST, FLOOR)}
    caption = "Kolmogorov-Smirnov distance from the full toy, of the chain and of the full toy with other random numbers."
    return "Distances of the marginals", caption, plots.sample_distances(names, values, TARGET)


def _cuts(arrays: Arrays) -> list[Drawn]:
    found = []
    for start in _CUTS:
        known = [key for key in arrays if key.startswith(f"cut {start}") and key.endswith(f"|{FAST}")]
        binned: dict[str, BinnedEfficiency] = {}
        for key in known:
            name = key.removeprefix("cut ").partition("|")[0]
            what = name.rpartition(", ")[2] if ", " in name else name
            binned |= {f"{what}, {FULL}": _binned(arrays[key], 2), f"{what}, {FAST}": _binned(arrays[key], 3)}
        figure = plots.efficiency_in_bins(binned, "true momentum [GeV]", xscale="log")
        found.append((f"Cut: {start}", "Intervals are 68.3%.", figure))
    return found


def _binned(cut: Array, column: int) -> BinnedEfficiency:
    edges = (*cut[:, 0].tolist(), float(cut[-1, 1]))
    error = cut[:, 4] / np.sqrt(2)
    values = [
        Interval(float(v), float(v - e), float(v + e)) if np.isfinite(v) else None for v, e in zip(cut[:, column], error, strict=True)
    ]
    return BinnedEfficiency(edges, tuple(values), tuple(1 for _ in values))


def _mass(arrays: Arrays) -> Drawn:
    samples = {name: arrays[f"mass|{name}"] for name in (FAST, FULL)}
    figure = plots.distributions(samples, np.linspace(*PEAK, 53).tolist(), "mass of K and π [GeV]")
    return "Mass of D0 → Kπ", "Selected and identified, from the same true decays. Bars are statistical.", figure


def _marginal(arrays: Arrays, name: str) -> Drawn:
    group, label = _COLUMNS[name]
    place = GROUPS[group].index(name)
    samples = {kind: arrays[f"{group}|{kind}"][:, place] for kind in (FAST, FULL)}
    low, high = np.quantile(samples[FULL], [0.005, 0.995])
    low, high = (low, high) if high > low else (low - 1, high + 1)
    return (
        f"Marginal of {name}",
        "Identified tracks of all species.",
        plots.distributions(samples, np.linspace(low, high, 41).tolist(), label),
    )


def _neutral(arrays: Arrays) -> list[Drawn]:
    """Numbers, energies and positions of neutral objects, and masses of their pairs."""
    found = []
    for name, label, caption in _NEUTRAL:
        samples = {kind: np.asarray(arrays[f"{name}|{kind}"], float) for kind in (FAST, FULL)}
        low, high = np.quantile(samples[FULL], [0.002, 0.998]) if len(samples[FULL]) else (0.0, 1.0)
        low, high = (low, high) if high > low else (low - 1, high + 1)
        low, high = (1e3 * low, 1e3 * high) if "MeV" in label else (low, high)
        scaled = {kind: 1e3 * values if "MeV" in label else values for kind, values in samples.items()}
        drawn = plots.distributions(scaled, np.linspace(low, high, 41).tolist(), label)
        found.append((f"Neutral objects: {name.removeprefix('neutral ')}", caption, drawn))
    return found
