"""What a physicist wants to see of a selection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bartik import plots
from bartik.core import Array, Dataset, Interval
from bartik.metrics import BinnedEfficiency, efficiency, efficiency_in_bins
from bartik.usecases.trigger_events import MODES
from bartik.usecases.trigger_rates import Events, cut_at, events_by_class, kept_against_rate, mode_of, roc_of_candidates
from bartik.usecases.two_track_trigger.score import RATES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TIMES = [0.2, 0.5, 0.8, 1.2, 1.7, 2.4, 3.5, 6.0]
_LEAST_RATE = 30.0  # kHz: below, too few of the crossings pass to say


def figures(scores: Mapping[str, Array], data: Dataset) -> list[tuple[str, str, Figure]]:
    """Title, caption and figure: ROC of candidates, efficiency against rate, of each decay, against the lifetime."""
    events = {name: events_by_class(values, data) for name, values in scores.items()}
    cuts = {name: cut_at(RATES[0], crossings, data) for name, (crossings, _) in events.items()}
    roc = roc_of_candidates(scores, data.target > 0.5, data.target < 0.5, "candidates of crossings")
    at = f"where each classifier gives on {RATES[0]:.0f} kHz"
    return [
        ("Candidates kept against efficiency", "Lower is better. Background: candidates of crossings as they come.", roc),
        ("Efficiency against output rate", _RATE_CAPTION, kept_against_rate(events, data, RATES, _LEAST_RATE)),
        ("Efficiency of each decay", f"Decays with a candidate that are kept {at}.", _by_mode(events, cuts, data)),
        ("Efficiency against lifetime", f"Beauty and charm hadrons, {at}; intervals are 68.3%.", _by_time(events, cuts, data)),
    ]


_RATE_CAPTION = "A crossing is kept where one of its candidates is; 30 MHz come in. Dotted: the working points."


def _by_mode(events: Events, cuts: Mapping[str, float], data: Dataset) -> Figure:
    found: dict[str, list[Interval | None]] = {}
    for name, (_, decays) in events.items():
        mode, passed = mode_of(data, decays), decays.score >= cuts[name]
        found[name] = [efficiency(passed[mode == k]) if (mode == k).any() else None for k in range(len(MODES))]
    return plots.efficiency_by_name(found, MODES)


def _by_time(events: Events, cuts: Mapping[str, float], data: Dataset) -> Figure:
    binned: dict[str, BinnedEfficiency] = {}
    for name, (_, decays) in events.items():
        binned[name] = efficiency_in_bins(decays.score >= cuts[name], data.spectators["time"][decays.row], _TIMES)
    return plots.efficiency_in_bins(binned, "proper time [ps]", ylabel="decays kept")
