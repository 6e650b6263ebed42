"""A straight line through the hits of a track in the vertex locator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array

NEAREST = 3
"""Hits next to the beam that a line is fitted to: the track has scattered least there."""


def line_near_beam(places: Array) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A point [3] in mm and a direction [3] of length 1: least squares of x and y against z of three of the hits [hits, 3] in mm.

    >>> line_near_beam(np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [3.0, 0.0, 10.0]]) + [[0, 0, -10.0], [0, 0, 0], [0, 0, 0]])[0].tolist()
    [2.0, 0.0, 0.0]
    """
    near = places[np.argsort(np.hypot(places[:, 0], places[:, 1]), kind="stable")[:NEAREST]]
    middle = near.mean(axis=0)
    away = near[:, 2] - middle[2]
    slopes = away @ (near[:, :2] - middle[:2]) / max(float(away @ away), 1e-9)
    way = np.array([*slopes, 1.0])
    return middle, way / np.linalg.norm(way)
