"""What a physicist wants to see of a selection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bartik import plots
from bartik.core import Array, Dataset, Interval
from bartik.metrics import BinnedEfficiency, EventScores, efficiency, efficiency_in_bins, roc_curve, threshold_at_share
from bartik.usecases.trigger_events import CROSSINGS, MODES
from bartik.usecases.two_track_trigger.score import RATES, crossings_of, decays_of, events_by_class

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TIMES = [0.2, 0.5, 0.8, 1.2, 1.7, 2.4, 3.5, 6.0]
_POINTS = 300
_LEAST_RATE = 30.0  # kHz: below, too few of the crossings pass to say


def figures(scores: Mapping[str, Array], data: Dataset) -> list[tuple[str, str, Figure]]:
    """Title, caption and figure: ROC of candidates, efficiency against rate, of each decay, against the lifetime."""
    events = {name: events_by_class(values, data) for name, values in scores.items()}
    cuts = {name: threshold_at_share(crossings.score, RATES[0] / CROSSINGS, crossings_of(data)) for name, (crossings, _) in events.items()}
    at = f"where each classifier gives on {RATES[0]:.0f} kHz"
    return [
        ("Candidates kept against efficiency", "Lower is better. Background: candidates of crossings as they come.", _roc(scores, data)),
        ("Efficiency against output rate", _RATE_CAPTION, _against_rate(events, data)),
        ("Efficiency of each decay", f"Decays with a candidate that are kept {at}.", _by_mode(events, cuts, data)),
        ("Efficiency against lifetime", f"Beauty and charm hadrons, {at}; intervals are 68.3%.", _by_time(events, cuts, data)),
    ]


_RATE_CAPTION = "A crossing is kept where one of its candidates is; 30 MHz come in. Dotted: the working points."


def _roc(scores: Mapping[str, Array], data: Dataset) -> Figure:
    true = data.target > 0.5
    curves = {name: roc_curve(values.reshape(-1)[true], values.reshape(-1)[~true]) for name, values in scores.items()}
    pairs = {name: (curve.signal_efficiency, curve.background_rejection) for name, curve in curves.items()}
    return plots.roc(pairs, signal="candidate", background="candidates of crossings", from_efficiency=0.2)


def _against_rate(events: Mapping[str, tuple[EventScores, EventScores]], data: Dataset) -> Figure:
    curves = {}
    for name, (crossings, decays) in events.items():
        falling, kept = np.sort(crossings.score)[::-1], np.sort(decays.score)
        rank = np.unique(np.geomspace(1, len(falling), _POINTS).astype(int)) - 1
        above = 1 - np.searchsorted(kept, falling[rank], side="left") / len(kept)
        curves[name] = ((rank + 1) / crossings_of(data) * CROSSINGS, above)
    return plots.efficiency_against_rate(curves, at=RATES, least=_LEAST_RATE)


def _by_mode(events: Mapping[str, tuple[EventScores, EventScores]], cuts: Mapping[str, float], data: Dataset) -> Figure:
    found: dict[str, list[Interval | None]] = {}
    for name, (_, decays) in events.items():
        mode, passed = decays_of(data, decays), decays.score >= cuts[name]
        found[name] = [efficiency(passed[mode == k]) if (mode == k).any() else None for k in range(len(MODES))]
    return plots.efficiency_by_name(found, MODES)


def _by_time(events: Mapping[str, tuple[EventScores, EventScores]], cuts: Mapping[str, float], data: Dataset) -> Figure:
    binned: dict[str, BinnedEfficiency] = {}
    for name, (_, decays) in events.items():
        binned[name] = efficiency_in_bins(decays.score >= cuts[name], data.spectators["time"][decays.row], _TIMES)
    return plots.efficiency_in_bins(binned, "proper time [ps]", ylabel="decays kept")
