"""Muon stations M2 to M5 behind the calorimeters, and LHCb's binary decision isMuon.

F. Archilli et al., Performance of the muon identification at LHCb, JINST 8 (2013) P10020, arXiv:1306.0249.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.particles import values_of

STATIONS = ("M2", "M3", "M4", "M5")
HIT_EFFICIENCY = 0.99
REACH = np.array([2.5, 3.0, 4.5, 6.0])
"""Momentum in GeV that a muon needs to get to each station through calorimeters and iron: about 3 and 6 GeV to M3 and M5."""
_FLIGHT = 12_000.0
"""Millimetres before the calorimeters, in which pions and kaons can decay to a muon."""
_BRANCHING = {211: 0.9999, 321: 0.6356}
_PUNCH = np.array([2.0e-2, 6.0e-3, 3.0e-3, 1.5e-3])
"""Probability of a hadron's shower to reach each station, times (p / 20 GeV): of this toy."""
_ACCIDENTAL = np.array([0.05, 0.025, 0.018, 0.015])
"""Probability of another particle's hit in the field of interest at 3 GeV and 150 tracks: of this toy; fields shrink with the momentum."""


def is_muon(p: Array, hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """IsMuon [tracks] from the momentum ``p`` in GeV and whether there are ``hits`` [tracks, 4] in the fields of interest of M2 to M5.

    None below 3 GeV; M2 and M3 below 6; these and M4 or M5 below 10; all four above.
    """
    m2, m3, m4, m5 = hits.T
    near = m2 & m3
    return np.asarray(
        np.select([np.asarray(p) < 3, np.asarray(p) < 6, np.asarray(p) < 10], [near & False, near, near & (m4 | m5)], near & m4 & m5)
    )


def decays_in_flight(p: Array, pdg: Array) -> npt.NDArray[np.float64]:
    """Probability [particles] of a pion or a kaon to decay to a muon before the calorimeters, 0 for others; ``p`` in GeV."""
    number = np.abs(pdg)
    length = np.asarray(p) / np.maximum(values_of(number, "mass"), 1e-9) * np.maximum(values_of(number, "flight"), 1e-9)
    branching = np.select([number == other for other in _BRANCHING], list(_BRANCHING.values()), 0.0)
    return np.asarray(branching * -np.expm1(-_FLIGHT / np.maximum(length, 1e-9)))


def station_hits(rng: np.random.Generator, pdg: Array, p: Array, tracks: Array) -> npt.NDArray[np.bool_]:
    """Whether there is a hit [particles, 4] in each station's field of interest, for momenta ``p`` in GeV and ``tracks`` in the event.

    Muons, and pions and kaons that decayed to one, get as far as their momentum lets them; other hadrons now and then punch through to
    some station, and to those before it; photons, electrons and neutrinos leave nothing. Hits of others fall in at random.
    """
    number, p = np.abs(pdg), np.asarray(p, np.float64)
    muon = (number == 13) | (rng.random(len(p)) < decays_in_flight(p, pdg))
    reached = muon[:, np.newaxis] & (p[:, np.newaxis] > REACH)
    hadron = ~np.isin(number, (11, 12, 13, 14, 16, 22))
    depth = rng.random(len(p))[:, np.newaxis]
    reached |= hadron[:, np.newaxis] & (depth < _PUNCH * p[:, np.newaxis] / 20) & (p[:, np.newaxis] > REACH)
    own = reached & (rng.random(reached.shape) < HIT_EFFICIENCY)
    field = np.minimum(1.0, 0.2 + 2.4 / np.maximum(p, 3.0))
    others = _ACCIDENTAL * (field * np.asarray(tracks) / 150)[:, np.newaxis]
    return np.asarray(own | (rng.random(own.shape) < others))
