"""How many runs are judged right, as in the publication: the threshold of a stream is chosen on its first runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.metrics import auc, best_threshold, efficiency, jaccard, judgement, mean_of, runs_to_adapt
from bartik.usecases.data_quality.data import NOTICED

HEADLINE = "balanced accuracy"
HISTORICAL = "historical"
"""Spectator: runs of a stream whose labels choose the threshold, and which are not judged."""


class Judged(NamedTuple):
    """The runs of one stream after the historical ones, and the threshold that was chosen on those."""

    rows: Array  # places in the dataset
    scores: Array
    bad: Array
    jumped: Array
    threshold: float


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Means over the streams, with the standard error from their spread.

    ``runs to adapt``: good runs flagged after a jump of the conditions before one is not.
    """
    streams = list(judged(outputs["score"], data))
    found = [judgement(stream.scores, stream.bad, stream.threshold) for stream in streams]
    metrics = {
        "balanced accuracy": mean_of(np.array([one.balanced_accuracy for one in found])),
        "AUC": mean_of(np.array([auc(s.scores[s.bad], s.scores[~s.bad]).value for s in streams])),
        "sensitivity": mean_of(np.array([one.sensitivity for one in found])),
        "specificity": mean_of(np.array([one.specificity for one in found])),
    }
    steps = np.concatenate([runs_to_adapt(s.scores, s.bad, s.jumped, s.threshold) for s in streams])
    if len(steps):
        metrics["runs to adapt"] = mean_of(steps)
    return metrics


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """Threshold of the largest balanced accuracy on all validation runs, share of the bad runs flagged, share of the good ones not."""
    cut = best_threshold(outputs["score"][:, 0], validation.target > 0.5)
    flagged, bad = test_outputs["score"][:, 0] >= cut, test.target > 0.5
    return {"flagged": (cut, efficiency(flagged[bad]), efficiency(~flagged[~bad]))}


def judged(scores: Array, data: Dataset) -> Iterator[Judged]:
    """Every stream of the rows."""
    values, stream = np.asarray(scores, np.float64).reshape(-1), data.spectators["stream"]
    for number in np.unique(stream):
        rows = np.flatnonzero(stream == number)
        first = data.spectators[HISTORICAL][rows]
        bad = data.target[rows] > 0.5
        cut = best_threshold(values[rows[first]], bad[first])
        rest = rows[~first]
        yield Judged(rest, values[rest], bad[~first], data.spectators["jumped"][rest], cut)


def jaccard_of_bins(pulls: Array, data: Dataset) -> Interval:
    """Of bad runs: bins with a pull [rows, bins] beyond 3, against those in which the run differs by 3 standard deviations from a good one.

    Mean over the streams; historical runs do not count.
    """
    bad = (data.target > 0.5) & ~data.spectators[HISTORICAL]
    rows = [np.flatnonzero(bad & (data.spectators["stream"] == number)) for number in np.unique(data.spectators["stream"])]
    found = [np.nanmean(jaccard(np.abs(pulls[some]) > NOTICED, data.spectators["wrong"][some])) for some in rows]
    return mean_of(np.array(found))
