"""The vertex locator as it stands under given conditions: where its sensors are, which of them work, what material they carry.

Material: 1% of a radiation length a module and 0.5% the foil, as PV-Finder's generator has them (arXiv:1906.08306); silicon's interaction
length is 4.96 of its radiation lengths (PDG, atomic and nuclear properties of materials).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array, UsageError
from bartik.simulation.conditions import VeloState
from bartik.simulation.velo_geometry import MODULES, SENSOR_Z, SENSORS, SENSORS_PER_MODULE

MODULE_MATERIAL, FOIL_MATERIAL = 0.010, 0.005
"""Radiation lengths."""
FOIL_STEEPEST, STEEPEST = 8.0, 10.0
"""How much longer the path through foil and modules becomes at most: particles along the beam cross the foil where its folds face them."""
FOIL_RADIUS = 4.2
"""Of the foil around the beam, in mm, between the beam and the sensors' 5.1."""
SUBSTRATE = 0.3
"""How far behind a sensor the middle of its module's material is, in mm."""


@dataclass(frozen=True)
class Detector:
    """Of each sensor [208]: displacement in x and y in mm, that known of it, and the probability to see a particle."""

    shift: npt.NDArray[np.float64]
    known: npt.NDArray[np.float64]
    efficiency: npt.NDArray[np.float64]
    gap: float

    @property
    def live(self) -> npt.NDArray[np.int64]:
        """Numbers of the sensors that work."""
        return np.flatnonzero(self.efficiency > 0)


def detector(state: VeloState) -> Detector:
    """The detector under these conditions; `UsageError` for modules or sensors that there are not."""
    _check(state)
    module = np.arange(len(SENSORS)) // SENSORS_PER_MODULE
    known = np.zeros((len(SENSORS), 2))
    known[:, 0] = np.where(module % 2 == 1, 0.5, -0.5) * state.gap  # those with odd numbers stand at x > 0
    moved = np.random.default_rng(state.alignment).normal(0, 1, (MODULES, 2)) * state.misalignment
    dead = np.isin(module, state.dead_modules) | np.isin(np.arange(len(SENSORS)), state.dead_sensors)
    return Detector(known + moved[module], known, np.where(dead, 0.0, state.efficiency), state.gap)


def planes(sense: int) -> list[npt.NDArray[np.int64]]:
    """The two sensors of each face of each module, in the order in which a particle that flies along ``sense`` meets them."""
    faces = np.arange(len(SENSORS)).reshape(-1, 2)
    return list(faces[np.argsort(sense * SENSOR_Z[::2], kind="stable")])


def substrate_first(sensor: Array, sense: Array) -> npt.NDArray[np.bool_]:
    """Whether a particle meets the module's material before the sensor: sensors are on the outside of both faces."""
    downstream = sensor % SENSORS_PER_MODULE >= SENSORS_PER_MODULE // 2
    return np.asarray(downstream == (sense > 0))


def _check(state: VeloState) -> None:
    for name, numbers, count in (("dead_modules", state.dead_modules, MODULES), ("dead_sensors", state.dead_sensors, len(SENSORS))):
        if any(not 0 <= number < count for number in numbers):
            raise UsageError(f"conditions: velo.{name} {numbers}", hint=f"numbers from 0 to {count - 1} are wanted")
    if not 0 <= state.efficiency <= 1 or not 0 <= state.spill_over <= 1 or not 0 <= state.noise < 500:
        raise UsageError(
            f"conditions: velo.efficiency {state.efficiency}, spill_over {state.spill_over}, noise {state.noise}",
            hint="shares from 0 to 1, and less than 500 clusters of noise an event",
        )
