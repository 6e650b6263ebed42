"""Particles by name and number: mass, lifetime, width and charge.

Values are those of the Particle Data Group's tables of 2026 as the package ``particle`` 1.1.0 of Scikit-HEP has them; names are those of
EvtGen, with ``anti-`` before the name of an antiparticle that a sign at the end does not tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array, UnknownNameError

LIGHT = 299.792458
"""Millimetres in a nanosecond."""


class Particle(NamedTuple):
    """Number of the Particle Data Group, mass in GeV, mean proper flight (lifetime times c) in mm, width in GeV, charge."""

    pdg: int
    mass: float
    flight: float = np.inf
    width: float = 0.0
    charge: int = 0


TABLE: Mapping[str, Particle] = {
    "gamma": Particle(22, 0.0),
    "e-": Particle(11, 0.00051099895, charge=-1),
    "mu-": Particle(13, 0.1056583755, 658_638.4, charge=-1),
    "tau-": Particle(15, 1.77693, 0.087043, charge=-1),
    "nu_e": Particle(12, 0.0),
    "nu_mu": Particle(14, 0.0),
    "nu_tau": Particle(16, 0.0),
    "pi0": Particle(111, 0.1349768, 2.5266e-5),
    "pi+": Particle(211, 0.13957039, 7804.42, charge=1),
    "eta": Particle(221, 0.547862, 0.0),
    "rho0": Particle(113, 0.77526, 0.0, 0.1474),
    "rho+": Particle(213, 0.77511, 0.0, 0.1491, charge=1),
    "K_S0": Particle(310, 0.497611, 26.8443),
    "K_L0": Particle(130, 0.497611, 15_332.3),
    "K+": Particle(321, 0.493677, 3711.25, charge=1),
    "K*0": Particle(313, 0.89556, 0.0, 0.0471),
    "phi": Particle(333, 1.01946, 0.0, 0.004249),
    "p+": Particle(2212, 0.93827208943, charge=1),
    "n0": Particle(2112, 0.9395654219, 2.6331e14),
    "Lambda0": Particle(3122, 1.115683, 78.46),
    "Sigma-": Particle(3112, 1.197449, 44.3431, charge=-1),
    "Sigma+": Particle(3222, 1.18937, 24.0379, charge=1),
    "Xi-": Particle(3312, 1.32171, 49.0863, charge=-1),
    "Xi0": Particle(3322, 1.31486, 86.9282),
    "Omega-": Particle(3334, 1.67245, 24.6044, charge=-1),
    "D+": Particle(411, 1.86966, 0.309775, charge=1),
    "D0": Particle(421, 1.86484, 0.123022),
    "D*+": Particle(413, 2.01027, 0.0, charge=1),
    "D_s+": Particle(431, 1.96835, 0.150287, charge=1),
    "Lambda_c+": Particle(4122, 2.28646, 0.0607534, charge=1),
    "J/psi": Particle(443, 3.0969, 0.0),
    "psi(2S)": Particle(100443, 3.686097, 0.0),
    "B0": Particle(511, 5.27972, 0.453104),
    "B+": Particle(521, 5.27941, 0.490741, charge=1),
    "B_s0": Particle(531, 5.36693, 0.454147),
    "Lambda_b0": Particle(5122, 5.61957, 0.439188),
}
"""By name, matter and mesons as their numbers are positive. A flight of 0 is a decay on the spot."""
_SAME = {22, 111, 113, 130, 221, 310, 333, 443, 100443}
"""Their own antiparticles."""
_BY_NUMBER = sorted(TABLE.values())
_NUMBERS = np.array([particle.pdg for particle in _BY_NUMBER])


def number_of(name: str) -> int:
    """Number of the particle of this name; an unknown one names the nearest.

    >>> number_of("B0"), number_of("anti-B0"), number_of("K-"), number_of("mu+")
    (511, -511, -321, -13)
    """
    if name in TABLE:
        return TABLE[name].pdg
    other = name.removeprefix("anti-") if name.startswith("anti-") else name[:-1] + {"+": "-", "-": "+"}.get(name[-1:], "?")
    if other not in TABLE or TABLE[other].pdg in _SAME:
        raise UnknownNameError("particle", name, TABLE)
    return -TABLE[other].pdg


def conjugate(pdg: Array) -> npt.NDArray[np.int64]:
    """Numbers of the antiparticles."""
    number = np.asarray(pdg, np.int64)
    return np.where(np.isin(number, list(_SAME)), number, -number)


def values_of(pdg: Array, value: str) -> npt.NDArray[np.float64]:
    """``mass``, ``flight`` or ``width`` of each number, or ``charge`` with the sign of the antiparticle; 0 of a number not in the table."""
    number = np.asarray(pdg, np.int64)
    place = np.clip(np.searchsorted(_NUMBERS, np.abs(number)), 0, len(_NUMBERS) - 1)
    found = np.array([float(getattr(particle, value)) for particle in _BY_NUMBER])[place]
    found = np.where(_NUMBERS[place] == np.abs(number), found, 0.0)
    return found * np.sign(number) if value == "charge" else found
