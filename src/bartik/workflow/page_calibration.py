"""Whether a score means what it says, as a figure of a run's page."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bartik.core import Array
from bartik.plots import calibration, to_svg
from bartik.report import Figure
from bartik.workflow.results import own, scores
from bartik.workflow.run import Run

_BINS = 10
_CAPTION = (
    "Test rows in ten bins of the score, with binomial errors; signal is a target of 1, and on the line a score is its share. A training "
    "that weighs both classes alike (train.balance) is off the line where the sample has more of one."
)


def figures(run: Run) -> Iterator[Figure]:
    """One, where the first output can be a probability, one a row, of a target of two classes."""
    test, score = run.split("test"), np.asarray(own(scores(run)))
    if score.shape != (test.rows, 1) or test.weights is not None or not _is_probability(score) or set(np.unique(test.target)) != {0, 1}:
        return
    yield Figure("Calibration", to_svg(calibration(_points(score[:, 0], test.target)), "page"), _CAPTION)


def _is_probability(score: Array) -> bool:
    return score.dtype.kind == "f" and bool(((score >= 0) & (score <= 1)).all())


def _points(score: Array, target: Array) -> list[tuple[float, float, int]]:
    """Mean score, share of signal and number of rows of each bin that has any."""
    which = np.minimum((score * _BINS).astype(int), _BINS - 1)
    rows = ((score[which == k], target[which == k]) for k in range(_BINS))
    return [(float(mine.mean()), float(true.mean()), len(mine)) for mine, true in rows if len(mine)]
