"""How many primary vertices an event has, from the lines of its true particles: LHCb's events carry no list of collisions."""

from __future__ import annotations

import numpy as np

from bartik.core import Array
from bartik.data.velo import VeloEvent

FEWEST = 5
"""Particles of a vertex, as LHCb's track checker wants them."""
APART = 1.0
"""Gap along the beam between two vertices, in mm."""
_ELECTRON, _FEWEST_HITS = 11, 3
_NEAR, _LEAST_MOMENTUM = 0.5, 1000.0  # mm from the beam, MeV


def primary_vertices(event: VeloEvent) -> int:
    """Clusters of five lines or more that pass within 0.5 mm of the beam, without a gap of 1 mm between them.

    Of particles above 1 GeV with three hits or more, no electrons. Two collisions nearer than the gap count once: the toy's true number, of
    those with five such particles, is met to within one in five events of six.
    """
    assert event.truth is not None  # noqa: S101 - events are read with truth
    places, distances, sizes = lines(event)
    table = event.truth.particles
    straight = (sizes >= _FEWEST_HITS) & (np.asarray(table["p"]) > _LEAST_MOMENTUM) & (np.abs(np.asarray(table["pid"])) != _ELECTRON)
    along = np.sort(places[straight & (distances < _NEAR)])
    starts = np.flatnonzero(np.diff(along, prepend=-np.inf) > APART)
    return int((np.diff(np.append(starts, len(along))) >= FEWEST).sum())


def lines(event: VeloEvent) -> tuple[Array, Array, Array]:
    """Of each particle the line of least squares through its hits: z and distance in mm where it is nearest to the beam; number of hits."""
    assert event.truth is not None  # noqa: S101 - events are read with truth
    hits, sizes = event.truth.hits, np.diff(event.truth.offsets)
    owner, count = np.repeat(np.arange(len(sizes)), sizes), np.maximum(sizes, 1)

    def mean(values: Array) -> Array:
        return np.asarray(np.bincount(owner, values, minlength=len(sizes)) / count)

    x, y, z = event.x[hits], event.y[hits], event.z[hits]
    middle = mean(z)
    lever = z - middle[owner]
    spread = np.maximum(mean(lever**2), 1e-9)
    tx, ty = mean(lever * x) / spread, mean(lever * y) / spread
    step = -(mean(x) * tx + mean(y) * ty) / np.maximum(tx**2 + ty**2, 1e-9)
    return middle + step, np.hypot(mean(x) + tx * step, mean(y) + ty * step), sizes
