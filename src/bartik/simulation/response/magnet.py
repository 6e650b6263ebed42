"""The magnet's kick, and through which trackers a charged particle passes.

The magnet bends in the x-z plane; here it does so at once, in the plane where the tangents of long tracks cross (J. van Tilburg,
CERN-THESIS-2005-020). Sizes of the trackers are those of LHCb's upgrade (LHCb-TDR-013, LHCb-TDR-015).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.phase_space import Momenta
from bartik.simulation.velo_geometry import MODULE_Z

KICK = 1.2
"""Change of px in GeV of a particle with charge 1: 4 Tm, with 0.3 GeV a Tm."""
PLANE = 5250.0
"""Position of the kick along the beam in mm."""
NONE, VELO, UPSTREAM, LONG, DOWNSTREAM, T_TRACK = range(6)
"""Types of tracks: seen by no tracker; vertex locator alone; and UT; and SciFi; UT and SciFi; SciFi alone."""
_VELO_INNER, _VELO_OUTER, _VELO_STATIONS = 5.1, 33.0, 3
_UT = (2485.0, 764.0, 669.0, 33.0)  # z, half of the width and of the height, radius of the hole; mm
_SCIFI = (9400.0, 3200.0, 2400.0, 115.0)  # the last of its stations


def kicked(px: Array, pz: Array, charge: Array, polarity: int = 1) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Px and pz [particles] in GeV behind the magnet: px changes by `KICK` times the charge, the momentum as a whole stays.

    A particle that is too soft comes out across the beam, with pz = 0: it does not reach the other side.
    """
    after = px + polarity * KICK * np.asarray(charge)
    return np.asarray(after), np.asarray(np.sqrt(np.maximum(px**2 + pz**2 - after**2, 0)))


def position_at(origin: Momenta, momentum: Momenta, charge: Array, z: float, polarity: int = 1) -> npt.NDArray[np.float64]:
    """Positions x, y [particles, 2] at ``z`` of particles from ``origin`` [particles, 3], all in mm; NaN of those that do not get there."""
    px, py, pz = momentum.T[:3]
    forward = (pz > 0) & (origin[:, 2] < z)
    slope_x, slope_y = (np.divide(part, pz, out=np.full(len(pz), np.nan), where=forward) for part in (px, py))
    x = origin[:, 0] + slope_x * (z - origin[:, 2])
    y = origin[:, 1] + slope_y * (z - origin[:, 2])
    if z > PLANE:
        behind_x, behind_z = kicked(px, pz, charge, polarity)
        bent = np.divide(behind_x, behind_z, out=np.full(len(pz), np.nan), where=forward & (behind_z > 1e-3 * pz))
        bent = np.where(origin[:, 2] < PLANE, bent, slope_x)
        x = np.where(origin[:, 2] < PLANE, origin[:, 0] + slope_x * (PLANE - origin[:, 2]) + bent * (z - PLANE), x)
    return np.stack([x, y], axis=1)


def track_type(origin: Momenta, momentum: Momenta, charge: Array, polarity: int = 1) -> npt.NDArray[np.int64]:
    """Type [particles] of the track that a charged particle can leave, `NONE` for a neutral one.

    Origins [particles, 3] are in mm, momenta [particles, 3] in GeV.
    """
    velo = velo_stations(origin, momentum) >= _VELO_STATIONS
    ut, scifi = (_crosses(position_at(origin, momentum, charge, plane[0], polarity), *plane[1:]) for plane in (_UT, _SCIFI))
    found = np.select([velo & scifi, velo & ut, velo, ut & scifi, scifi], [LONG, UPSTREAM, VELO, DOWNSTREAM, T_TRACK], NONE)
    return np.where(np.asarray(charge) != 0, found, NONE)


def velo_stations(origin: Momenta, momentum: Momenta) -> npt.NDArray[np.int64]:
    """Stations [particles] of the vertex locator whose silicon a straight line meets, by its distance from the beam."""
    z = MODULE_Z.reshape(-1, 2).mean(axis=1)
    pz = np.where(np.abs(momentum[:, 2]) > 1e-9, momentum[:, 2], 1e-9)
    step = z[np.newaxis] - origin[:, 2, np.newaxis]
    radius = np.hypot(*(origin[:, axis, np.newaxis] + (momentum[:, axis] / pz)[:, np.newaxis] * step for axis in (0, 1)))
    ahead = step * np.sign(pz)[:, np.newaxis] > 0
    return np.asarray((ahead & (radius > _VELO_INNER) & (radius < _VELO_OUTER)).sum(axis=1))


def reconstruction_efficiency(p: Array) -> npt.NDArray[np.float64]:
    """Probability [tracks] to be found as a long track, where it could be: 96%, less for soft ones (arXiv:1412.6352; shape of this toy)."""
    return np.asarray(0.96 * (1 - np.exp(-np.maximum(np.asarray(p) - 1.5, 0) / 1.5)))


def _crosses(position: npt.NDArray[np.float64], width: float, height: float, hole: float) -> npt.NDArray[np.bool_]:
    x, y = np.abs(position).T
    return np.asarray((x < width) & (y < height) & (np.hypot(x, y) > hole))
