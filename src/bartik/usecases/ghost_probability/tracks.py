"""Candidates of one event side by side: hits in rows, innermost first, and the straight line through each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.data.velo import VeloEvent
from bartik.usecases.ghost_probability.candidates import Candidates

RESOLUTION = 0.012
"""Resolution of a hit along x and along y in mm: 55 µm pixels, one or two to a cluster (LHCb-TDR-013)."""


@dataclass(frozen=True)
class Line:
    """x = x0 + tx (z - origin), y likewise, per track; variances are those of x0 and tx (mm², 1, mm), the same for y."""

    origin: Array
    x0: Array
    y0: Array
    tx: Array
    ty: Array
    variance: Array
    slope_variance: Array
    covariance: Array

    def at(self, z: Array) -> tuple[Array, Array]:
        """Position x, y in mm at ``z`` [tracks, ...]."""
        step = z - self.origin.reshape(-1, *[1] * (z.ndim - 1))
        tracks = (slice(None), *[np.newaxis] * (z.ndim - 1))
        return self.x0[tracks] + self.tx[tracks] * step, self.y0[tracks] + self.ty[tracks] * step

    @property
    def slope(self) -> Array:
        """Tangent of the angle to the beam."""
        return np.asarray(np.hypot(self.tx, self.ty))

    @property
    def beam_step(self) -> Array:
        """From ``origin`` to the point nearest to the beam line x = y = 0, along z in mm."""
        return np.asarray(-(self.x0 * self.tx + self.y0 * self.ty) / np.maximum(self.slope**2, 1e-8))


@dataclass(frozen=True)
class Tracks:
    """Candidates as rows: hit indices [tracks, longest], ``valid`` where there is one, positions in mm, hits of each track.

    The first hit of a row is the one nearer to the beam; ``outward`` is +1 where this means rising z, else -1.
    """

    hits: npt.NDArray[np.int64]
    valid: npt.NDArray[np.bool_]
    x: Array
    y: Array
    z: Array
    sizes: npt.NDArray[np.int64]
    outward: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of tracks."""
        return len(self.sizes)

    def last(self, values: Array) -> Array:
        """The entry of the last hit of each row."""
        return np.asarray(np.take_along_axis(values, self.sizes[:, np.newaxis] - 1, axis=1)[:, 0])

    def mean(self, values: Array) -> Array:
        """Mean over the hits of each row."""
        return np.asarray(np.where(self.valid, values, 0).sum(axis=1) / self.sizes)


def tracks_of(event: VeloEvent, candidates: Candidates) -> Tracks:
    """The candidates' hits in rows, sorted along z and turned so that they lead away from the beam."""
    sizes = candidates.sizes
    slots = np.arange(sizes.max(initial=0))
    valid = slots < sizes[:, np.newaxis]
    rising = np.lexsort((event.z[candidates.hits], candidates.owners))
    hits = np.zeros(valid.shape, np.int64)
    hits[valid] = candidates.hits[rising]
    radius = np.hypot(event.x, event.y)[hits]
    forward = np.take_along_axis(radius, sizes[:, np.newaxis] - 1, axis=1)[:, 0] > radius[:, 0]
    turned = np.where(forward[:, np.newaxis], slots, np.maximum(sizes[:, np.newaxis] - 1 - slots, 0))
    hits = np.take_along_axis(hits, turned, axis=1)
    return Tracks(hits, valid, event.x[hits], event.y[hits], event.z[hits], sizes, np.where(forward, 1, -1))


def fit(tracks: Tracks, used: npt.NDArray[np.bool_]) -> Line:
    """Least-squares line through the ``used`` hits of each row, all with the same weight; two or more at different z are needed."""
    weight = used.astype(np.float64)
    origin = tracks.z[:, 0]
    z = tracks.z - origin[:, np.newaxis]
    n, sz, szz = weight.sum(axis=1), (weight * z).sum(axis=1), (weight * z * z).sum(axis=1)
    determinant = n * szz - sz * sz
    (x0, tx), (y0, ty) = (_solve(weight * values, z, n, sz, szz, determinant) for values in (tracks.x, tracks.y))
    scale = RESOLUTION**2 / determinant
    return Line(origin, x0, y0, tx, ty, szz * scale, n * scale, -sz * scale)


def _solve(weighted: Array, z: Array, n: Array, sz: Array, szz: Array, determinant: Array) -> tuple[Array, Array]:
    s, sv = weighted.sum(axis=1), (weighted * z).sum(axis=1)
    return (szz * s - sz * sv) / determinant, (n * sv - sz * s) / determinant
