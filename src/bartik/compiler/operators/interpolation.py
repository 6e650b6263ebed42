"""Which values ONNX's Resize reads along one axis, and with which weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bartik.core import Array

COORDINATES = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric")
"""Values of ``coordinate_transformation_mode`` that are compiled."""
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
"""Values of ``nearest_mode``."""
MODES = ("nearest", "linear", "cubic")


@dataclass(frozen=True)
class Interpolation:
    """How an axis is resized, in ONNX's words."""

    mode: str = "nearest"
    coordinates: str = "half_pixel"
    rounding: str = "round_prefer_floor"
    cubic: float = -0.75
    exclude_outside: bool = False

    def table(self, size: int, outputs: int, scale: float) -> tuple[Array, Array]:
        """Places int32 and weights float64, both [outputs, taps]."""
        at = [self._coordinate(j, size, outputs, scale) for j in range(outputs)]
        if self.mode == "nearest":
            places = np.array([[self._nearest(x)] for x in at])
            return np.clip(places, 0, size - 1).astype(np.int32), np.ones((outputs, 1))
        reach = range(2) if self.mode == "linear" else range(-1, 3)
        places = np.array([[math.floor(x) + k for k in reach] for x in at])
        weights = np.array([self._weights(x - math.floor(x)) for x in at])
        if self.exclude_outside:
            weights = np.where((places < 0) | (places >= size), 0, weights)
            weights = weights / weights.sum(axis=1, keepdims=True)
        return np.clip(places, 0, size - 1).astype(np.int32), weights

    def _coordinate(self, j: int, size: int, outputs: int, scale: float) -> float:
        match self.coordinates:
            case "align_corners":
                length = size * scale  # a fraction where ``outputs`` is rounded
                return j * (size - 1) / (length - 1) if outputs > 1 else 0.0
            case "asymmetric":
                return j / scale
            case "pytorch_half_pixel" if outputs == 1:
                return 0.0
            case "half_pixel_symmetric":
                adjusted = outputs / (scale * size)
                return size / 2 * (1 - adjusted) + (j + 0.5) / scale - 0.5
            case _:
                return (j + 0.5) / scale - 0.5

    def _nearest(self, x: float) -> int:
        match self.rounding:
            case "floor":
                return math.floor(x)
            case "ceil":
                return math.ceil(x)
            case "round_prefer_ceil":
                return math.floor(x + 0.5)
            case _:
                return math.ceil(x - 0.5)

    def _weights(self, t: float) -> list[float]:
        if self.mode == "linear":
            return [1 - t, t]
        a = self.cubic
        near = [((a + 2) * d - (a + 3)) * d * d + 1 for d in (t, 1 - t)]
        far = [((a * d - 5 * a) * d + 8 * a) * d - 4 * a for d in (1 + t, 2 - t)]
        return [far[0], near[0], near[1], far[1]]
