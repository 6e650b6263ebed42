"""What the selection keeps at the rate the first stage may give on."""

from __future__ import annotations

from functools import partial

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import auc, efficiency_at_share
from bartik.usecases.trigger_events import BEAUTY, CROSSINGS
from bartik.usecases.trigger_rates import crossings_of, events_by_class, mode_of, working_points_at

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
    beauty = mode_of(data, decays) < len(BEAUTY)
    at = partial(efficiency_at_share, crossings=crossings_of(data), replicas=_REPLICAS, seed=1)
    for rate in RATES:
        found[f"efficiency at {rate:.0f} kHz"] = at(decays, crossings, rate / CROSSINGS)
    for name, kind in (("beauty", beauty), ("charm", ~beauty)):
        if kind.any():
            found[f"efficiency for {name} at {RATES[0]:.0f} kHz"] = at(decays.chosen(kind), crossings, RATES[0] / CROSSINGS)
    return found


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """Cuts on the score, a candidate passes at or above it: threshold, share of decays kept, share of crossings not kept."""
    names = {f"{rate:.0f} kHz": rate for rate in RATES}
    chosen, _ = events_by_class(outputs["score"], validation)
    return working_points_at(names, chosen, validation, events_by_class(test_outputs["score"], test), test)
