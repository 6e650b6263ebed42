"""What the selection keeps of each decay at a fixed output."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import EventScores, auc, efficiency, efficiency_at_share, event_scores, threshold_at_share
from bartik.usecases.trigger_events import BEAUTY, CROSSINGS, ORIGINS

RATES = (100.0, 50.0)
"""Background output in kHz of 30 MHz: 0.33% and 0.17% of crossings, about what the topological trigger keeps of what it is given."""
HEADLINE = "mean efficiency at 100 kHz"
_REPLICAS = 200


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Area under the ROC curve of candidates; at each rate the mean over decays of the share kept, also of those held out of the training.

    A decay, or a crossing, is kept where one of its candidates is; shares are of decays with a candidate. Crossings kept because of a
    beauty hadron do not count in the rate. Intervals are 68.3%, with the threshold's own error.
    """
    scores, events = outputs["score"].reshape(-1), data.spectators["event"]
    true, background = data.target > 0.5, background_rows(data)
    crossings, decays = events_by_class(scores, data)
    found = {"AUC": auc(scores[true], scores[background], clusters=(events[true], events[background]))}
    held = data.spectators["held_out"][decays.row] > 0
    for rate in RATES:
        at = partial(_mean, crossings=crossings, total=crossings_of(data), share=rate / CROSSINGS, data=data)
        found[f"mean efficiency at {rate:.0f} kHz"] = at(decays)
        if held.any():
            found[f"mean efficiency of held-out decays at {rate:.0f} kHz"] = at(some(decays, held))
    return found


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """Cuts on the score, a candidate passes at or above it: threshold, share of all decays kept, share of crossings not kept."""
    chosen, _ = events_by_class(outputs["score"], validation)
    crossings, decays = events_by_class(test_outputs["score"], test)
    found = {}
    for rate in RATES:
        cut = threshold_at_share(chosen.score, rate / CROSSINGS, crossings_of(validation), chosen.times)
        passed = np.zeros(int(crossings_of(test)), bool)
        passed[: int((crossings.score >= cut).sum())] = True
        share = efficiency(passed)
        kept = efficiency(decays.score >= cut, decays.times)
        found[f"{rate:.0f} kHz of background"] = (cut, kept, Interval(1 - share.value, 1 - share.high, 1 - share.low))
    return found


def background_rows(data: Dataset) -> npt.NDArray[np.bool_]:
    """Candidates [rows] of crossings as they come that are from no beauty hadron."""
    return np.asarray((data.target < 0.5) & (data.spectators["origin"] != ORIGINS.index("beauty")))


def events_by_class(scores: Array, data: Dataset) -> tuple[EventScores, EventScores]:
    """Highest scores of crossings by their background, and of decays; ``row`` counts rows of the dataset."""
    values, event = np.asarray(scores, np.float64).reshape(-1), data.spectators["event"]
    times = event_scores(values, event, data.spectators["candidates"])
    parts = []
    for mask in (background_rows(data), data.target > 0.5):
        rows = np.flatnonzero(mask)
        found = event_scores(values[rows], event[rows])
        drawn = times.times[np.searchsorted(times.number, found.number)]
        parts.append(EventScores(found.score, found.number, rows[found.row], drawn))
    return parts[0], parts[1]


def modes_of(data: Dataset, decays: EventScores) -> Array:
    """Place in `BEAUTY` [events] of each decay."""
    return data.spectators["mode"][decays.row]


def crossings_of(data: Dataset) -> float:
    """Crossings of the split, with a candidate or not."""
    return float(data.spectators["crossings"][0])


def some(events: EventScores, kept: Array) -> EventScores:
    """Those events alone."""
    return EventScores(events.score[kept], events.number[kept], events.row[kept], events.times[kept])


def _mean(decays: EventScores, crossings: EventScores, total: float, share: float, data: Dataset) -> Interval:
    """Mean over the decays' modes, each weighing the same whatever its number of events."""
    mode = modes_of(data, decays)
    counts = np.bincount(mode, decays.times, minlength=len(BEAUTY))
    weighted = EventScores(decays.score, decays.number, decays.row, decays.times / counts[mode])
    return efficiency_at_share(weighted, crossings, share, total, replicas=_REPLICAS, seed=1)
