"""How well primary vertices are found, in PV-Finder's terms (R. Fang et al., arXiv:1906.08306).

A found vertex belongs to the nearest true one within a window along the beam (0.5 mm) that no weightier one took before it; else it is
*false*. True vertices of few tracks are not *wanted*: to find one is neither a merit nor a fault.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Interval, UsageError
from bartik.metrics.efficiencies import efficiency
from bartik.metrics.resampling import COVERAGE, bootstrap

WINDOW = 0.5
"""mm."""
Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Vertices:
    """Found vertices [found] of all events one behind the other, and the true ones [true] they were held against.

    ``owner`` is the true vertex of each found one, -1 where it is false; ``weight`` says how sure it is; ``offset`` is how far it is from
    its owner in mm. ``best`` is the weight of what was found of each true one, -inf for nothing.
    """

    events: int
    weight: Floats
    owner: Indices
    offset: Floats
    event: Indices
    true_event: Indices
    best: Floats


def match_vertices(found: Sequence[Array], true: Sequence[Array], window: float | Sequence[Array] = WINDOW) -> Vertices:
    """Hold ``found``, z and weight [found, 2] of each event, against z of its ``true`` vertices [true].

    ``window`` in mm is the same for all, or one for each true vertex of each event.

    >>> match_vertices([np.array([[1.2, 3.0], [1.0, 2.0], [9.0, 1.0]])], [np.array([1.0, 5.0])]).owner.tolist()
    [0, -1, -1]
    """
    if len(found) != len(true):
        raise UsageError(f"vertices found in {len(found)} events, true ones in {len(true)}")
    start, owners, rows = 0, [], [np.zeros((0, 2))]
    windows = [np.full(len(z), window) for z in true] if isinstance(window, float) else window
    for some, z, near in zip(found, true, windows, strict=True):
        ordered = some[np.argsort(-some[:, 1], kind="stable")].astype(np.float64)
        rows.append(ordered)
        owners.append(
            [start + k if k >= 0 else -1 for k in _owners(ordered[:, 0], np.asarray(z, np.float64), np.asarray(near, np.float64))]
        )
        start += len(z)
    flat, owner = np.concatenate(rows), np.array([k for some in owners for k in some], np.int64)
    place = np.concatenate([np.zeros(0), *true]).astype(np.float64)
    best = np.full(len(place), -np.inf)
    best[owner[owner >= 0]] = flat[owner >= 0, 1]
    offset = np.where(owner >= 0, flat[:, 0] - np.append(place, np.nan)[owner], np.nan)
    event = np.repeat(np.arange(len(found)), [len(some) for some in found])
    return Vertices(len(found), flat[:, 1], owner, offset, event, np.repeat(np.arange(len(true)), [len(z) for z in true]), best)


def vertex_efficiency(vertices: Vertices, wanted: Flags, threshold: float) -> Interval:
    """Share of the ``wanted`` true vertices [true] that were found with a weight of at least ``threshold``."""
    if not wanted.any():
        raise UsageError("vertex efficiency: no vertex is wanted", hint="use more events")
    return efficiency(vertices.best[wanted] >= threshold, clusters=vertices.true_event[wanted])


def false_vertices(vertices: Vertices, threshold: float) -> Interval:
    """False vertices per event, with the score interval of a Poisson mean: k + 1/2 +- sqrt(k + 1/4).

    >>> found = match_vertices([np.array([[1.0, 2.0]]), np.zeros((0, 2))], [np.zeros(0), np.zeros(0)])
    >>> false_vertices(found, 1.0).value
    0.5
    """
    count = float(((vertices.owner < 0) & (vertices.weight >= threshold)).sum())
    half = math.sqrt(count + 0.25)
    return Interval(count / vertices.events, max(0.0, count + 0.5 - half) / vertices.events, (count + 0.5 + half) / vertices.events)


def vertex_purity(vertices: Vertices, threshold: float) -> Interval:
    """Share of what was found that is true; 1 where nothing was found."""
    kept = vertices.weight >= threshold
    return efficiency(vertices.owner[kept] >= 0, clusters=vertices.event[kept]) if kept.any() else Interval(1.0, 0.0, 1.0)


def vertex_resolution(vertices: Vertices, wanted: Flags, threshold: float, *, replicas: int = 100) -> Interval:
    """Half of the width in mm that holds the middle 68.3% of the offsets of wanted vertices that were found."""
    rows = (vertices.owner >= 0) & (vertices.weight >= threshold) & np.append(wanted, False)[vertices.owner]
    offset = vertices.offset[rows]
    if len(offset) < 2:
        raise UsageError("vertex resolution: fewer than two vertices were found", hint="use more events")
    order = np.argsort(offset)
    quantiles = [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2]

    def width(drawn: Floats) -> float:
        share = np.cumsum(drawn[order])
        low, high = np.interp(quantiles, share / share[-1], offset[order])
        return float(high - low) / 2

    return bootstrap(width, vertices.event[rows], replicas=replicas)


def threshold_at_false_rate(vertices: Vertices, rate: float) -> float:
    """The lowest weight to keep with at most ``rate`` false vertices an event.

    >>> found = match_vertices([np.array([[1.0, 2.0], [3.0, 1.5], [7.0, 0.5]])], [np.array([1.0])])
    >>> threshold_at_false_rate(found, 1.0) > 0.5, threshold_at_false_rate(found, 1.0) <= 1.5
    (True, True)
    """
    false = np.sort(vertices.weight[vertices.owner < 0])[::-1]
    allowed = math.floor(rate * vertices.events + 1e-9)
    return float(np.nextafter(false[allowed], np.inf)) if allowed < len(false) else 0.0


def vertex_curve(vertices: Vertices, wanted: Flags, points: int = 200) -> Floats:
    """Efficiency against false vertices per event: [points, 3] of both and the threshold, from the loosest on."""
    edges = np.quantile(vertices.weight, np.linspace(0, 1, points)) if len(vertices.weight) else np.zeros(1)
    best, false = np.sort(vertices.best[wanted]), np.sort(vertices.weight[vertices.owner < 0])
    kept = 1 - np.searchsorted(best, edges) / max(len(best), 1)
    return np.stack([kept, (len(false) - np.searchsorted(false, edges)) / max(vertices.events, 1), edges], axis=1)


def distance_to_next(true: Sequence[Array]) -> Floats:
    """How far the nearest other true vertex of the event is from each [true], in mm; infinite for one alone."""
    found = [np.zeros(0)]
    for z in true:
        gaps = np.abs(np.subtract.outer(z, z)) + np.diag(np.full(len(z), np.inf))
        found.append(gaps.min(axis=1, initial=np.inf))
    return np.concatenate(found)


def _owners(found: Floats, true: Floats, window: Floats) -> list[int]:
    """For each found z, in order, the nearest true vertex that is still free and within its window, else -1."""
    distance = np.abs(np.subtract.outer(found, true))
    distance = np.where(distance < window, distance, np.inf)
    owners = []
    for row in distance:
        near = int(row.argmin()) if row.size else -1
        owner = near if near >= 0 and np.isfinite(row[near]) else -1
        if owner >= 0:
            distance[:, owner] = np.inf
        owners.append(owner)
    return owners
