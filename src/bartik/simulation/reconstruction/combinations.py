"""Sets of two, three and four tracks of an event of which any two come close: what a trigger makes vertices of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.reconstruction.vertices import Indices


def pairs_of(event: Array) -> Indices:
    """All pairs [pairs, 2] of rows of one event, the first less than the second; ``event`` [rows] is sorted."""
    behind = np.searchsorted(event, event, side="right") - np.arange(len(event)) - 1
    first = np.repeat(np.arange(len(event)), behind)
    start = np.cumsum(behind) - behind
    return np.stack([first, first + 1 + np.arange(len(first)) - start[first]], axis=1)


def extended(sets: Indices, pairs: Indices, rows: int) -> Indices:
    """Sets of one more track [sets, n + 1]: each of ``sets`` [sets, n] with a later row that pairs with all of its members.

    ``pairs`` [pairs, 2] are sorted, first by their first row; ``rows`` is how many rows there are.

    >>> extended(np.array([[0, 1]]), np.array([[0, 1], [0, 2], [1, 2], [1, 3]]), 4).tolist()
    [[0, 1, 2]]
    """
    starts = np.searchsorted(pairs[:, 0], np.arange(rows + 1))
    last = sets[:, -1]
    counts = (starts[last + 1] - starts[last]).astype(np.int64)
    which = np.repeat(np.arange(len(sets)), counts)
    within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    added = pairs[np.repeat(starts[last], counts) + within, 1]
    kept = np.ones(len(which), bool)
    for column in range(sets.shape[1] - 1):
        kept &= _paired(sets[which, column], added, pairs, rows)
    return np.column_stack([sets[which[kept]], added[kept]])


def _paired(first: Indices, second: Indices, pairs: Indices, rows: int) -> npt.NDArray[np.bool_]:
    keys, wanted = pairs[:, 0] * rows + pairs[:, 1], first * rows + second
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(keys[place] == wanted) if len(keys) else np.zeros(len(wanted), bool)
