"""Primary vertices: where the collisions were, smeared with three Gaussians along each axis, as Lamarr does it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError, UnknownNameError
from bartik.simulation.philox import philox, uniform

_BLOCK = 12
"""Of the counters; the place of the particle is the number of the collision in its event."""


class Smearing(NamedTuple):
    """Of one axis: mean shift, shares of the first two Gaussians, and the widths of all three; lengths in mm."""

    mean: float
    first: float
    second: float
    widths: tuple[float, float, float]


TOY: Mapping[str, Smearing] = {
    "X": Smearing(0.0, 0.4, 0.14, (0.0225, 0.045, 0.0118)),
    "Y": Smearing(0.0, 0.4, 0.14, (0.0225, 0.045, 0.0118)),
    "Z": Smearing(0.0, 0.033, 0.735, (0.424, 0.072, 0.170)),
}
"""About that of LHCb in 2016 (`read_smearing` reads LHCb's own)."""


def read_smearing(path: Path, condition: str) -> dict[str, Smearing]:
    """LHCb's parametrisation from a database of SQLamarr: table ``PVSmearing`` with condition, coord, mu, f1, f2, sigma1 to sigma3.

    `DataError` for a file that is none, `UnknownNameError` for a condition that is not in it.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute("SELECT condition, coord, mu, f1, f2, sigma1, sigma2, sigma3 FROM PVSmearing").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DataError(f"{path}: no table PVSmearing ({error})", hint="wanted the PrimaryVertexSmearing.db of SQLamarr") from error
    found = {coord: Smearing(mu, f1, f2, (s1, s2, s3)) for name, coord, mu, f1, f2, s1, s2, s3 in rows if name == condition}
    if set(found) != {"X", "Y", "Z"}:
        raise UnknownNameError("condition", condition, sorted({str(row[0]) for row in rows}))
    return found


def smeared(positions: Array, event: Array, seed: int, collision: Array, smearing: Mapping[str, Smearing] = TOY) -> npt.NDArray[np.float64]:
    """Positions [vertices, 3] in mm as reconstructed; numbers belong to ``event`` and ``collision`` [vertices] under the ``seed``."""
    event = np.asarray(event, np.uint64)
    found = np.array(positions, np.float64)
    for axis, name in enumerate("XYZ"):
        words = [np.full(len(event), _BLOCK + axis), collision, event & np.uint64(0xFFFFFFFF), event >> np.uint64(32)]
        counters = np.stack(words, axis=1).astype(np.uint32)
        drawn = uniform(philox(counters, (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF))).astype(np.float64)
        shape = smearing[name]
        which = (drawn[:, 0] > shape.first).astype(int) + (drawn[:, 0] > shape.first + shape.second)
        normal = np.sqrt(-2 * np.log(drawn[:, 1])) * np.cos(2 * np.pi * drawn[:, 2])
        found[:, axis] += shape.mean + np.array(shape.widths)[which] * normal
    return found
