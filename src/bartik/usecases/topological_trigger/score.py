"""What the selection keeps of each decay at a fixed output."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import EventScores, auc, efficiency_at_share
from bartik.usecases.trigger_events import BEAUTY, CROSSINGS, ORIGINS
from bartik.usecases.trigger_rates import crossings_of, events_by_class, mode_of, working_points_at

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
    crossings, decays = by_class(scores, data)
    found = {"AUC": auc(scores[true], scores[background], clusters=(events[true], events[background]))}
    held = data.spectators["held_out"][decays.row] > 0
    for rate in RATES:
        at = partial(_mean, crossings=crossings, total=crossings_of(data), share=rate / CROSSINGS, data=data)
        found[f"mean efficiency at {rate:.0f} kHz"] = at(decays)
        if held.any():
            found[f"mean efficiency of held-out decays at {rate:.0f} kHz"] = at(decays.chosen(held))
    return found


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """Cuts on the score, a candidate passes at or above it: threshold, share of all decays kept, share of crossings not kept."""
    names = {f"{rate:.0f} kHz of background": rate for rate in RATES}
    chosen, _ = by_class(outputs["score"], validation)
    return working_points_at(names, chosen, validation, by_class(test_outputs["score"], test), test)


def background_rows(data: Dataset) -> npt.NDArray[np.bool_]:
    """Candidates [rows] of crossings as they come that are from no beauty hadron."""
    return np.asarray((data.target < 0.5) & (data.spectators["origin"] != ORIGINS.index("beauty")))


def by_class(scores: Array, data: Dataset) -> tuple[EventScores, EventScores]:
    """Highest scores of crossings by their background, and of decays; ``row`` counts rows of the dataset."""
    return events_by_class(scores, data, background_rows(data))


def _mean(decays: EventScores, crossings: EventScores, total: float, share: float, data: Dataset) -> Interval:
    """Mean over the decays' modes, each weighing the same whatever its number of events."""
    mode = mode_of(data, decays)
    counts = np.bincount(mode, decays.times, minlength=len(BEAUTY))
    weighted = EventScores(decays.score, decays.number, decays.row, decays.times / counts[mode])
    return efficiency_at_share(weighted, crossings, share, total, replicas=_REPLICAS, seed=1)
