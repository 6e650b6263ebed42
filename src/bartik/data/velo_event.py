"""An event of the vertex locator (Velo): hits, and the simulation's truth where there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, DataError

MODULES = 52
TRANSVERSE_LIMIT = 60.0
"""No sensor reaches further than this from the beam in x or y, in mm."""
Z_LIMITS = (-300.0, 760.0)
"""First and last module, with some room, in mm."""


@dataclass(frozen=True)
class VeloTruth:
    """Simulated particles: a table, and for particle k the hits ``hits[offsets[k]:offsets[k + 1]]`` (a hit may have several)."""

    particles: Arrays
    offsets: npt.NDArray[np.int64]
    hits: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of particles."""
        return len(self.offsets) - 1


@dataclass(frozen=True)
class VeloEvent:
    """Hit positions [hits] in mm, sorted by module; module m holds hits ``module_offsets[m]`` to ``module_offsets[m + 1]``."""

    number: int
    name: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    z: npt.NDArray[np.float64]
    module_offsets: npt.NDArray[np.int64]
    truth: VeloTruth | None = None

    def __len__(self) -> int:
        """Number of hits."""
        return len(self.x)

    def renumbered(self, number: int) -> VeloEvent:
        """The same event under another number."""
        return replace(self, number=number)

    @property
    def modules(self) -> npt.NDArray[np.int64]:
        """Module of each hit [hits]."""
        return np.repeat(np.arange(MODULES), np.diff(self.module_offsets))


def checked_event(event: VeloEvent) -> VeloEvent:
    """The event itself; `DataError` with its name if a hit is not a number, outside of the detector, or in no module."""
    for axis in "xyz":
        bad = np.flatnonzero(~np.isfinite(getattr(event, axis)))
        if len(bad):
            raise DataError(f"{event.name}: {axis} of hit {bad[0]} is {getattr(event, axis)[bad[0]]}", hint="remove the hit or the event")
    _check_hits(event.x, event.y, event.z, event.module_offsets, event.name)
    return event


def _check_hits(x: Array, y: Array, z: Array, offsets: Array, name: str) -> None:
    if not len(x) == len(y) == len(z):
        raise DataError(f"{name}: {len(x)} x, {len(y)} y, {len(z)} z: not the same number", hint="the file is damaged")
    if len(offsets) != MODULES + 1 or offsets[0] != 0 or offsets[-1] != len(x) or (np.diff(offsets) < 0).any():
        raise DataError(
            f"{name}: module_prefix_sum does not divide {len(x)} hits among {MODULES} modules",
            hint=f"{MODULES + 1} whole numbers that rise from 0 to the number of hits are wanted",
        )
    outside = (np.maximum(np.abs(x), np.abs(y)) > TRANSVERSE_LIMIT) | (z < Z_LIMITS[0]) | (z > Z_LIMITS[1])
    if outside.any():
        hit = int(np.flatnonzero(outside)[0])
        raise DataError(
            f"{name}: hit {hit} at ({x[hit]:g}, {y[hit]:g}, {z[hit]:g}) mm is outside the detector",
            hint="positions are in mm; remove the hit or the event",
        )
    _check_order(z, offsets, name)


def _check_order(z: Array, offsets: Array, name: str) -> None:
    """Modules follow one another along the beam; where hits do not, they are not in the order of modules, or of another detector."""
    filled = np.flatnonzero(np.diff(offsets))
    if len(filled) < 2:
        return
    starts = offsets[filled]
    back = np.flatnonzero(np.minimum.reduceat(z, starts)[1:] < np.maximum.reduceat(z, starts)[:-1])
    if len(back):
        before, after = filled[back[0]], filled[back[0] + 1]
        raise DataError(
            f"{name}: hits of module {after} lie before those of module {before}",
            hint="hits are wanted in the order of the 52 modules along z; is this another detector, or another geometry?",
        )
