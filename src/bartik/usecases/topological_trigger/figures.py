"""What a physicist wants to see of a selection of beauty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bartik import plots
from bartik.core import Array, Dataset, Interval
from bartik.metrics import BinnedEfficiency, efficiency, efficiency_in_bins
from bartik.usecases.topological_trigger.backgrounds import SOURCES, by_source, kept_of_sources
from bartik.usecases.topological_trigger.score import RATES, background_rows, by_class
from bartik.usecases.trigger_events import BEAUTY
from bartik.usecases.trigger_rates import Events, cut_at, kept_against_rate, mode_of, roc_of_candidates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TIMES = [0.2, 0.5, 0.8, 1.2, 1.7, 2.4, 3.5, 6.0]
_MASSES = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 8.0]
_LEAST_RATE = 10.0  # kHz: below, too few of the crossings pass to say


def figures(scores: Mapping[str, Array], data: Dataset) -> list[tuple[str, str, Figure]]:
    """Title, caption and figure: ROC of candidates, efficiency against rate, of each decay, against lifetime and corrected mass."""
    events = {name: by_class(values, data) for name, values in scores.items()}
    cuts = {name: cut_at(RATES[0], crossings, data) for name, (crossings, _) in events.items()}
    roc = roc_of_candidates(scores, data.target > 0.5, background_rows(data), "candidates of crossings")
    at = f"where each classifier gives on {RATES[0]:.0f} kHz of background"
    along = {
        "proper time [ps]": (data.spectators["time"], _TIMES),
        "corrected mass of the kept candidate [GeV]": (_corrected(data), _MASSES),
    }
    names = ("Efficiency against lifetime", "Efficiency against corrected mass")
    return [
        ("Candidates kept against efficiency", "Lower is better. Background: candidates of no beauty hadron.", roc),
        ("Efficiency against output rate", _RATE_CAPTION, kept_against_rate(events, data, RATES, _LEAST_RATE)),
        (
            "Efficiency of each decay",
            f"Decays with a candidate that are kept {at}; (new): held out of the training.",
            _by_mode(events, cuts, data),
        ),
        (
            "Background by source",
            f"Crossings with a candidate from a source (how many) in which one passes, {at}.",
            _by_source(scores, cuts, data),
        ),
        *(
            (name, f"Beauty hadrons, {at}; intervals are 68.3%.", _along(events, cuts, *what))
            for name, what in zip(names, _flat(along), strict=True)
        ),
    ]


_RATE_CAPTION = (
    "A crossing is kept where one of its candidates is; 30 MHz come in; those of beauty hadrons do not count. Dotted: working points."
)


def _flat(along: Mapping[str, tuple[Array, list[float]]]) -> list[tuple[str, Array, list[float]]]:
    return [(label, values, edges) for label, (values, edges) in along.items()]


def _corrected(data: Dataset) -> Array:
    from bartik.usecases.topological_trigger.columns import COLUMNS

    return data.inputs["features"][:, [column.name for column in COLUMNS].index("m_corrected")]


def _by_mode(events: Events, cuts: Mapping[str, float], data: Dataset) -> Figure:
    found: dict[str, list[Interval | None]] = {}
    for name, (_, decays) in events.items():
        mode, passed = mode_of(data, decays), decays.score >= cuts[name]
        found[name] = [efficiency(passed[mode == k]) if (mode == k).any() else None for k in range(len(BEAUTY))]
    held = set(data.spectators["mode"][data.spectators["held_out"] > 0].tolist())
    return plots.efficiency_by_name(found, [f"{mode} (new)" if k in held else mode for k, mode in enumerate(BEAUTY)])


def _by_source(scores: Mapping[str, Array], cuts: Mapping[str, float], data: Dataset) -> Figure:
    counts = by_source(next(iter(scores.values())).reshape(-1), data, RATES[0])
    names = [f"{source} ({counts[source].crossings})" for source in SOURCES]
    return plots.efficiency_by_name(kept_of_sources(scores, cuts, data), names, "crossings kept")


def _along(events: Events, cuts: Mapping[str, float], label: str, values: Array, edges: list[float]) -> Figure:
    binned: dict[str, BinnedEfficiency] = {}
    for name, (_, decays) in events.items():
        binned[name] = efficiency_in_bins(decays.score >= cuts[name], values[decays.row], edges)
    return plots.efficiency_in_bins(binned, label, ylabel="decays kept")
