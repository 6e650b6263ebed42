"""What the selection keeps at the rate the first stage may give on."""

from __future__ import annotations

from functools import partial

import numpy as np

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import EventScores, auc, efficiency, efficiency_at_share, event_scores, threshold_at_share
from bartik.usecases.trigger_events import BEAUTY, CROSSINGS

RATES = (660.0, 330.0)
"""Output in kHz; 660 is what LHCb's two-track selection is trained for (niklasnolte/HLT_2Track)."""
HEADLINE = "efficiency at 660 kHz"
_REPLICAS = 200


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Area under the ROC curve of candidates, and the share of decays kept at each rate, of those with a candidate.

    A decay, or a crossing, is kept where one of its candidates is. Intervals are 68.3%, with the threshold's own error, and know that
    candidates of an event come together.
    """
    scores, true = outputs["score"].reshape(-1), data.target > 0.5
    events = data.spectators["event"]
    crossings, decays = events_by_class(scores, data)
    found = {"AUC": auc(scores[true], scores[~true], clusters=(events[true], events[~true]))}
    beauty = decays_of(data, decays) < len(BEAUTY)
    at = partial(efficiency_at_share, crossings=crossings_of(data), replicas=_REPLICAS, seed=1)
    for rate in RATES:
        found[f"efficiency at {rate:.0f} kHz"] = at(decays, crossings, rate / CROSSINGS)
    for name, kind in (("beauty", beauty), ("charm", ~beauty)):
        if kind.any():
            found[f"efficiency for {name} at {RATES[0]:.0f} kHz"] = at(some(decays, kind), crossings, RATES[0] / CROSSINGS)
    return found


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """Cuts on the score, a candidate passes at or above it: threshold, share of decays kept, share of crossings not kept."""
    chosen, _ = events_by_class(outputs["score"], validation)
    crossings, decays = events_by_class(test_outputs["score"], test)
    found = {}
    for rate in RATES:
        cut = threshold_at_share(chosen.score, rate / CROSSINGS, crossings_of(validation), chosen.times)
        kept = efficiency(decays.score >= cut, decays.times)
        passed = np.zeros(int(crossings_of(test)), bool)
        passed[: int((crossings.score >= cut).sum())] = True
        share = efficiency(passed)
        found[f"{rate:.0f} kHz"] = (cut, kept, Interval(1 - share.value, 1 - share.high, 1 - share.low))
    return found


def events_by_class(scores: Array, data: Dataset) -> tuple[EventScores, EventScores]:
    """Highest scores of the crossings as they come, and of the decays; ``row`` counts rows of the dataset."""
    values, true = np.asarray(scores, np.float64).reshape(-1), data.target > 0.5
    parts = []
    for mask in (~true, true):
        rows = np.flatnonzero(mask)
        found = event_scores(values[rows], data.spectators["event"][rows], data.spectators["candidates"][rows])
        parts.append(EventScores(found.score, found.number, rows[found.row], found.times))
    return parts[0], parts[1]


def decays_of(data: Dataset, decays: EventScores) -> Array:
    """Place in `MODES` [events] of each decay."""
    return data.spectators["mode"][decays.row]


def crossings_of(data: Dataset) -> float:
    """Crossings of the split, with a candidate or not."""
    return float(data.spectators["crossings"][0])


def some(events: EventScores, kept: Array) -> EventScores:
    """Those events alone."""
    return EventScores(events.score[kept], events.number[kept], events.row[kept], events.times[kept])
