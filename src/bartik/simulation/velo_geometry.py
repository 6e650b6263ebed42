"""The pixel vertex locator: 26 stations of two modules around the beam, four silicon sensors each.

Sensor edges lie along the diagonals, so positions are also given as u = (x + y) / √2 and v = (y - x) / √2. Modules with an even number sit
at x < 0 (C side), those with an odd number at x > 0 (A side), 12.5 mm further along the beam and turned by 180°. Each has two sensors
on its upstream and two on its downstream face; together they form an L around the beam that leaves 5.1 mm to its centre.

Sources: LHCb-TDR-013 (Velo upgrade); positions agree with the pixels hit in LHCb's full simulation to 2 µm.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array

MODULES = 52
SENSORS_PER_MODULE = 4
PITCH = 0.055
"""Side of a pixel in mm."""
_A_SIDE = (-275, -250, -225, -200, -125, *range(-50, 300, 25), 325, 400, 500, 600, 650, 700, 750)
MODULE_Z: npt.NDArray[np.float64] = np.sort(np.concatenate([np.array(_A_SIDE) - 12.5, np.array(_A_SIDE, dtype=np.float64)]))
"""Centre of each module along the beam [52] in mm."""
_FACE = 0.58  # distance of the silicon from the module's centre in mm
_LONG = 42.57  # 768 pixels, of which the four columns between chips are 2.5 pixels wide
_SHORT = 14.08  # 256 pixels
_C_SIDE = np.array(  # u low, u high, v low, v high, z from the module's centre, all in mm
    [
        [5.10 - _LONG, 5.10, 33.15 - _SHORT, 33.15, -_FACE],
        [-5.10 - _SHORT, -5.10, 5.10 - _LONG, 5.10, -_FACE],
        [5.10 - _LONG, 5.10, 5.10, 5.10 + _SHORT, _FACE],
        [-33.15, -33.15 + _SHORT, 4.10 - _LONG, 4.10, _FACE],
    ]
)


def _sensors() -> npt.NDArray[np.float64]:
    turned = np.column_stack([-_C_SIDE[:, [1, 0, 3, 2]], _C_SIDE[:, 4]])
    every = np.concatenate([_C_SIDE, turned] * (MODULES // 2))
    every[:, 4] += np.repeat(MODULE_Z, SENSORS_PER_MODULE)
    return every


SENSORS: npt.NDArray[np.float64] = _sensors()
"""Sensor 4 m + k of module m [208, 5]: low and high edge in u, low and high edge in v, z, in mm."""
SENSOR_Z: npt.NDArray[np.float64] = SENSORS[:, 4]
"""Position of each sensor along the beam [208] in mm."""


def diagonal(x: Array, y: Array) -> tuple[Array, Array]:
    """Coordinates u, v along the sensor edges, of positions x, y, in the same unit."""
    return (x + y) / np.sqrt(2), (y - x) / np.sqrt(2)


def cartesian(u: Array, v: Array) -> tuple[Array, Array]:
    """Inverse of `diagonal`."""
    return (u - v) / np.sqrt(2), (u + v) / np.sqrt(2)


def sensor_corners() -> npt.NDArray[np.float64]:
    """Corners of every sensor [208, 4, 3] in mm, one after the other around it."""
    low_u, high_u, low_v, high_v, z = SENSORS.T
    corners = [cartesian(u, v) for u, v in ((low_u, low_v), (high_u, low_v), (high_u, high_v), (low_u, high_v))]
    return np.stack([np.stack([x, y, z], axis=1) for x, y in corners], axis=1)


def inside(x: Array, y: Array, sensors: Array) -> Array:
    """Distance in mm from the nearest edge of the numbered ``sensors``, positive inside; arguments broadcast.

    >>> bool(inside(np.array(10.0), np.array(0.0), np.array(6)) > 0), bool(inside(np.array(2.0), np.array(0.0), np.arange(208)).max() > 0)
    (True, False)
    """
    u, v = diagonal(x, y)
    low_u, high_u, low_v, high_v, _ = SENSORS[sensors].T if np.ndim(sensors) == 1 else np.moveaxis(SENSORS[sensors], -1, 0)
    return np.asarray(np.minimum(np.minimum(u - low_u, high_u - u), np.minimum(v - low_v, high_v - v)))


def sensor_of(x: Array, y: Array, z: Array, module: Array) -> npt.NDArray[np.int64]:
    """The sensor [hits] each hit is in: on the face of its ``module`` nearer in z, the one whose edges hold it best."""
    downstream = (z > MODULE_Z[module]).astype(np.int64)
    pair = SENSORS_PER_MODULE * module[:, np.newaxis] + 2 * downstream[:, np.newaxis] + np.arange(2)
    best = inside(x[:, np.newaxis], y[:, np.newaxis], pair).argmax(axis=1)
    return np.asarray(pair[np.arange(len(x)), best], dtype=np.int64)


def pixel_phase(x: Array, y: Array, sensor: Array) -> tuple[Array, Array]:
    """How far a hit is from the nearest pixel centre or pixel border, along u and along v, in mm from 0 to a quarter of the pitch.

    The centre of a cluster of one pixel, or of a line or rectangle of two or four, gives 0 in both; an L of three gives a sixth
    of the pitch in both. Sensor edges fall on pixel borders and the wide pixels between chips are whole half pixels wide, so the
    phase needs no knowledge of chips.
    """
    u, v = diagonal(x, y)
    steps_u, steps_v = (SENSORS[sensor, 1] - u) / (PITCH / 2), (SENSORS[sensor, 3] - v) / (PITCH / 2)
    return np.abs(steps_u - np.round(steps_u)) * PITCH / 2, np.abs(steps_v - np.round(steps_v)) * PITCH / 2
