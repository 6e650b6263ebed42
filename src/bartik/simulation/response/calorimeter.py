"""What particles leave in the electromagnetic and in the hadronic calorimeter.

Resolutions are those of LHCb's technical design (CERN-LHCC-2000-036) and of its beam tests: 10%/√E and 1% for the electromagnetic one, 25
radiation and 1.1 interaction lengths deep, 69%/√E and 9% for the hadronic one, 5.6 interaction lengths deep (JINST 3 (2008) S08005).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array

_DEPTH = 1.1  # interaction lengths of the electromagnetic calorimeter
_ECAL, _HCAL = (0.10, 0.01), (0.69, 0.09)
MIP = (0.3, 1.5)
"""Most probable energy in GeV, as electrons and as hadrons would leave it, of a particle that only ionises: of this toy."""
_MIP_WIDTH = 0.15


def ecal_resolution(energy: Array) -> npt.NDArray[np.float64]:
    """Relative resolution of electrons and photons of an ``energy`` in GeV.

    >>> round(float(ecal_resolution(25.0)), 4)
    0.0224
    """
    return _resolution(energy, *_ECAL)


def hcal_resolution(energy: Array) -> npt.NDArray[np.float64]:
    """Relative resolution of hadrons of an ``energy`` in GeV."""
    return _resolution(energy, *_HCAL)


def deposits(rng: np.random.Generator, pdg: Array, energy: Array) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Energy [particles] in GeV measured in the electromagnetic and in the hadronic calorimeter, of particles of ``energy`` [particles].

    Electrons and photons leave all in the first. Muons only ionise, neutrinos leave nothing. Hadrons begin a shower after an exponential
    depth, one in three not in the first calorimeter, where the others leave a part distributed as Beta(2, 3).
    """
    number, energy = np.abs(pdg), np.asarray(energy, np.float64)
    light, muon, unseen = np.isin(number, (11, 22)), number == 13, np.isin(number, (12, 14, 16))
    early = rng.exponential(1.0, len(energy)) < _DEPTH
    part = np.where(early, rng.beta(2, 3, len(energy)), 0.0)
    charged = ~np.isin(number, (2112, 130, 310, 3122, 22, 12, 14, 16))
    first = _measured(rng, np.where(light, 1.0, part) * energy, np.where(light, ecal_resolution(energy), hcal_resolution(energy)))
    first = np.where(muon | (~light & ~early), np.where(charged, _ionised(rng, len(energy), MIP[0]), 0.0), first)
    second = _measured(rng, np.where(light, 0.0, 1 - part) * energy, hcal_resolution(energy))
    second = np.where(muon, _ionised(rng, len(energy), MIP[1]), second)
    return np.where(unseen, 0.0, first), np.where(unseen, 0.0, second)


def energy_over_momentum(ecal: Array, p: Array) -> npt.NDArray[np.float64]:
    """E/p [tracks]: about 1 for electrons, small for what only ionises; ``ecal`` in GeV, measured momentum ``p`` in GeV."""
    return np.asarray(np.asarray(ecal) / np.maximum(p, 1e-9))


def _resolution(energy: Array, stochastic: float, constant: float) -> npt.NDArray[np.float64]:
    return np.asarray(np.hypot(stochastic / np.sqrt(np.maximum(energy, 1e-3)), constant))


def _measured(rng: np.random.Generator, energy: Array, relative: Array) -> npt.NDArray[np.float64]:
    """Energies with a Gaussian resolution, none below 0."""
    return np.maximum(energy * (1 + relative * rng.standard_normal(len(energy))), 0.0)


def _ionised(rng: np.random.Generator, count: int, likely: float) -> npt.NDArray[np.float64]:
    """Energies with a long tail: J. E. Moyal, Phil. Mag. 46 (1955) 263, for Landau's; if z is Gaussian, -ln z² has it."""
    return np.asarray(likely * (1 - _MIP_WIDTH * (np.log(np.maximum(rng.standard_normal(count) ** 2, 1e-12)))))
