"""What a physicist wants to see of a ghost classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bartik import plots
from bartik.core import Array, Dataset
from bartik.metrics import BinnedEfficiency, efficiency_in_bins, roc_curve, threshold_at_efficiency
from bartik.usecases.ghost_probability.score import EFFICIENCIES, tracks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BINS: dict[str, tuple[str, list[float], str]] = {
    "p": ("momentum p [GeV]", np.geomspace(0.2, 100, 11).tolist(), ""),
    "eta": (
        "pseudorapidity η",
        [-5, -4, -3, -2.5, -2, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5],
        "The wide bin holds tracks at its two ends: next to η = 0 hardly any particle crosses three modules. ",
    ),
    "hits": ("hits of the candidate", [3, 4, 5, 6, 8, 10, 14, 26], ""),
}
"""By variable: label, edges, and what to know about the bins."""
_GHOST_HITS = [3, 4, 5, 6, 26]
_TRUTH = "Intervals are 68.3%; momentum and pseudorapidity are those of the simulated particle; tracks beyond the axis are not shown."


def figures(scores: Mapping[str, Array], data: Dataset) -> list[tuple[str, str, Figure]]:
    """Title, caption and figure: ROC, scores, efficiency against p, η and hits, ghosts rejected against hits."""
    wanted = EFFICIENCIES[0]
    network = next(iter(scores.values()))
    cut = -threshold_at_efficiency(tracks(network, data)[0], wanted)
    return [
        _roc(scores, data),
        ("Ghost probability", f"The cut keeps {wanted:.0%} of real tracks.", _scores(network, data, cut)),
        *(_efficiency(name, scores, data) for name in _BINS),
        _rejection(scores, data),
    ]


def _roc(scores: Mapping[str, Array], data: Dataset) -> tuple[str, str, Figure]:
    curves = {name: roc_curve(*tracks(values, data)) for name, values in scores.items()}
    figure = plots.roc(
        {name: (c.signal_efficiency, c.background_rejection) for name, c in curves.items()}, signal="real track", background="ghosts"
    )
    return "Ghosts kept against efficiency", "Lower is better. The test events were not used in training.", figure


def _scores(network: Array, data: Dataset, cut: float) -> Figure:
    return plots.score_histogram(network, data.target, cut, classes=("real tracks", "ghosts"), xlabel="ghost probability")


def _efficiency(variable: str, scores: Mapping[str, Array], data: Dataset) -> tuple[str, str, Figure]:
    label, edges, remark = _BINS[variable]
    values = data.spectators[variable][data.target == 0].astype(np.float64) / (1000 if variable == "p" else 1)
    binned = {name: _passing(tracks(s, data)[0], values, edges) for name, s in scores.items()}
    caption = f"Real tracks kept where each classifier keeps {EFFICIENCIES[0]:.0%} of all. {remark}{_TRUTH}"
    figure = plots.efficiency_in_bins(binned, label, xscale="log" if variable == "p" else "linear")
    return f"Efficiency against {label.split(' [')[0]}", caption, figure


def _rejection(scores: Mapping[str, Array], data: Dataset) -> tuple[str, str, Figure]:
    values = data.spectators["hits"][data.target == 1]
    binned = {}
    for name, s in scores.items():
        real, ghost = tracks(s, data)
        binned[name] = efficiency_in_bins(ghost < threshold_at_efficiency(real, EFFICIENCIES[0]), values, _GHOST_HITS)
    caption = f"Share of ghosts rejected where {EFFICIENCIES[0]:.0%} of real tracks are kept. Intervals are 68.3%; most ghosts have 3 hits."
    return "Ghosts rejected against hits", caption, plots.efficiency_in_bins(binned, _BINS["hits"][0], ylabel="ghosts rejected")


def _passing(real: Array, values: Array, edges: list[float]) -> BinnedEfficiency:
    return efficiency_in_bins(real >= threshold_at_efficiency(real, EFFICIENCIES[0]), values, edges)
