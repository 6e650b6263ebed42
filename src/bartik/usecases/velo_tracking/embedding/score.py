"""How many true doublets are near one another in the learned space, and how many neighbours a hit then has."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.usecases.velo_tracking.columns import PARTICLES
from bartik.usecases.velo_tracking.graph import modules_of, neighbours
from bartik.usecases.velo_tracking.shares import WORKING_POINT, share
from bartik.usecases.velo_tracking.truth import doublets_of, label_doublets

KEPT = 0.993
"""Share of true doublets that the radius is to keep."""
HEADLINE = "purity at 99.3% of true doublets"


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Share of true doublets among the neighbours, with the radius at which 99.3% of the true ones are kept."""
    radius = float(np.quantile(np.concatenate(_distances(outputs["place"], data)), KEPT))
    true, every, _ = _counts(outputs["place"], data, radius)
    return {HEADLINE: share(true, every)}


def working_points(
    outputs: Arrays, validation: Dataset, test_outputs: Arrays, test: Dataset
) -> dict[str, tuple[float, Interval, Interval]]:
    """The radius, chosen on the validation events: efficiency and purity of the neighbours on the test events."""
    radius = float(np.quantile(np.concatenate(_distances(outputs["place"], validation)), KEPT))
    true, every, wanted = _counts(test_outputs["place"], test, radius)
    return {WORKING_POINT: (radius, share(true, wanted), share(true, every))}


def _events(places: Array, data: Dataset) -> list[tuple[Array, Array, Array]]:
    bounds = data.offsets["hits"]
    return [tuple(array[a:b] for array in (data.inputs["hits"], places, data.target % PARTICLES - 1)) for a, b in pairwise(bounds)]  # type: ignore[misc]


def _distances(places: Array, data: Dataset) -> list[Array]:
    found = [np.zeros(0)]
    for hits, place, owner in _events(places, data):
        made = np.flatnonzero(owner >= 0)
        true = doublets_of(made, owner[made], modules_of(hits))
        found.append(np.sqrt(((place[true.first] - place[true.second]) ** 2).sum(1)))
    return found


def _counts(places: Array, data: Dataset, radius: float) -> tuple[Array, Array, Array]:
    """Of each event: true doublets among the neighbours, all neighbours, true doublets."""
    rows = []
    for hits, place, owner in _events(places, data):
        made = np.flatnonzero(owner >= 0)
        true = doublets_of(made, owner[made], modules_of(hits))
        first, second = neighbours(hits, place, radius)
        rows.append((label_doublets(first, second, true, len(hits)).sum(), len(first), len(true.first)))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return columns[0], columns[1], columns[2]
