"""How much of the density the network knows."""

from __future__ import annotations

import numpy as np

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import bootstrap

HEADLINE = "variance explained"


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Share of the variance of the density over all bins that is explained; the interval draws events anew."""
    wanted = data.target[:, 0].astype(np.float64)
    off = ((outputs["kde"][:, 0] - wanted) ** 2).sum(axis=1)
    count, total, square = np.full(len(wanted), wanted.shape[1]), wanted.sum(axis=1), (wanted**2).sum(axis=1)

    def explained(drawn: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        variance = drawn @ square - (drawn @ total) ** 2 / (drawn @ count)
        return float(1 - drawn @ off / max(variance, 1e-12))

    return {HEADLINE: bootstrap(explained, np.arange(len(wanted)))}
