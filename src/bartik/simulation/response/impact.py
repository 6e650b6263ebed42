"""Impact parameters: how far a track passes from a point, and how well the vertex locator knows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.phase_space import Momenta

_CONSTANT, _SCATTERING = 11.0, 13.0
TAIL, TAIL_SCALE = 0.05, 3.0
"""Share of tracks with a wrong hit or a large scattering, and how many times worse they are: of this toy."""


def impact_resolution(pt: Array) -> npt.NDArray[np.float64]:
    """Resolution [tracks] in µm of an impact parameter along x or along y: 11 + 13 / pT[GeV], about that of the pixel detector.

    From LHCb's simulation for its upgrade (LHCb-TDR-013, section 4); the detector before had 15 + 29 / pT (arXiv:1405.7808).
    """
    return _CONSTANT + _SCATTERING / np.asarray(pt, np.float64)


def measured_origin(rng: np.random.Generator, origin: Momenta, momentum: Momenta) -> Momenta:
    """Points [tracks, 3] in mm on tracks as measured, for ``origin`` [tracks, 3 or more] in mm and ``momentum`` [tracks, 3 or more].

    They are moved along x and y only, which moves the impact parameters to any point by the same resolution for tracks along the beam.
    """
    sigma = impact_resolution(np.hypot(momentum[:, 0], momentum[:, 1])) / 1000
    sigma = sigma * np.where(rng.random(len(sigma)) < TAIL, TAIL_SCALE, 1.0)
    shift = rng.standard_normal((len(sigma), 2)) * sigma[:, np.newaxis]
    return origin[:, :3] + np.column_stack([shift, np.zeros(len(sigma))])


def impact_parameter(point: Momenta, momentum: Momenta, vertex: Momenta) -> npt.NDArray[np.float64]:
    """Shortest distance [tracks] in mm of lines through ``point`` along ``momentum`` from ``vertex``, each [tracks, 3].

    >>> impact_parameter(np.array([[3.0, 4.0, 7.0]]), np.array([[0.0, 0.0, 2.0]]), np.zeros((1, 3))).tolist()
    [5.0]
    """
    way = momentum / np.linalg.norm(momentum, axis=1, keepdims=True)
    return np.asarray(np.linalg.norm(np.cross(point - vertex, way), axis=1))
