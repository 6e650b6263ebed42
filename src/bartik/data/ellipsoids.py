"""A track near the beam line as an ellipsoid: where it may have come from.

Its centre is the point of closest approach to the beam line (POCA). About it, the track is known to sigma across its direction, and
the beam to its width across its own; the product of both is a Gaussian in space, whose surface at one standard deviation is
A x² + B y² + C z² + 2 (D x y + E x z + F y z) = 1, after PV-Finder (R. Fang et al., arXiv:1906.08306; its ``ellipsoids.py``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError

BEAM_WIDTH = 0.04
"""mm."""
_STEEP = 1e-4  # sine of the angle to the beam below which there is no point of closest approach


def ellipsoids(point: Array, way: Array, sigma: Array, beam: Array) -> npt.NDArray[np.float32]:
    """Features float32 [tracks, 9]: z, x, y in mm, A to F in mm⁻².

    Of lines through ``point`` [tracks, 3] in mm along ``way`` [tracks, 3] of length 1, known to ``sigma`` [tracks] mm across, or to two
    [tracks, 2]: along the impact parameter, and across that and the track. ``beam`` [2] is where the beam line is, in mm. `DataError` for
    a track along the beam, which has no such point, or a sigma that is not positive.

    >>> found = ellipsoids(np.array([[3.0, 0.0, 5.0]]), np.array([[0.6, 0.0, 0.8]]), np.array([0.05]), np.zeros(2))
    >>> found[0, :3].round(6).tolist()
    [1.0, 0.0, 0.0]
    """
    transverse = (way[:, :2] ** 2).sum(axis=1)
    if (transverse < _STEEP**2).any() or not (sigma > 0).all():
        raise DataError("a track runs along the beam, or its resolution is not positive", hint="leave out tracks beyond |η| = 9")
    away = ((point[:, :2] - beam) * way[:, :2]).sum(axis=1) / transverse
    centre = point - away[:, np.newaxis] * way
    one = np.stack([-way[:, 1], way[:, 0], 0 * way[:, 0]], axis=1) / np.sqrt(transverse)[:, np.newaxis]
    known = np.broadcast_to(sigma if sigma.ndim == 2 else sigma[:, np.newaxis], (len(way), 2))
    both = np.stack([one, np.cross(way, one)], axis=1) / known[:, :, np.newaxis]
    matrix = np.einsum("tki,tkj->tij", both, both) + np.diag([1.0, 1.0, 0.0]) / BEAM_WIDTH**2
    places = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    return np.stack([centre[:, 2], centre[:, 0], centre[:, 1], *(matrix[:, i, j] for i, j in places)], axis=1).astype(np.float32)


def from_perigees(d0: Array, z0: Array, phi: Array, theta: Array, sigma: Array, beam: Array) -> npt.NDArray[np.float32]:
    """Features of tracks by their perigees [tracks] to the beam line: d0, z0 in mm, angles in rad, ``sigma`` [tracks, 2] of d0 and z0.

    >>> found = from_perigees(*np.array([[0.2], [5.0], [0.0], [0.5]]), np.array([[0.02, 0.1]]), np.array([1.0, 2.0]))
    >>> found[0, :3].astype(float).round(4).tolist()
    [5.0, 1.0, 2.2]
    """
    way = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    point = np.stack([beam[0] - d0 * np.sin(phi), beam[1] + d0 * np.cos(phi), z0], axis=1)
    return ellipsoids(point, way, np.stack([sigma[:, 0], sigma[:, 1] * np.sin(theta)], axis=1), beam)


def sigma_z(tracks: Array) -> npt.NDArray[np.float64]:
    """How well each track [tracks, 9] knows z in mm, for a given place across the beam."""
    return np.asarray(1 / np.sqrt(np.maximum(tracks[:, 5].astype(np.float64), 1e-6)))
