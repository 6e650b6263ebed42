"""Which charged particles are reconstructed, and as tracks of which class.

The geometry is that of `magnet`; what is lost in it has numbers of this toy, but for the efficiency of long tracks (arXiv:1412.6352).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.phase_space import Momenta
from bartik.simulation.response import magnet

CLASSES = ("none", "long", "upstream", "downstream")
"""What a charged particle can be reconstructed as, by number."""
NONE, LONG, UPSTREAM, DOWNSTREAM = range(4)
SLOWEST = 1.0
"""GeV: below it nothing is reconstructed."""
_OF_TYPE = {magnet.LONG: LONG, magnet.UPSTREAM: UPSTREAM, magnet.DOWNSTREAM: DOWNSTREAM}
_ABSORBED, _RADIATED = 0.07, 0.05
"""Shares of hadrons that interact, and of electrons lost to bremsstrahlung, before the last tracker."""
_CROWDED = 0.02  # of the efficiency, lost with `USUAL` charged particles
USUAL = 150.0
_SECOND = {UPSTREAM: 0.35, DOWNSTREAM: 0.15}
"""Of particles that cross all trackers and are not found as long tracks."""


def possible_class(origin: Momenta, momentum: Momenta, charge: Array, polarity: int = 1) -> npt.NDArray[np.int64]:
    """Best class [particles] as which a particle could be found, by the trackers that it crosses; arguments as `magnet.track_type`."""
    kind = magnet.track_type(origin, momentum, charge, polarity)
    found = np.select([kind == known for known in _OF_TYPE], list(_OF_TYPE.values()), NONE)
    return np.where(np.linalg.norm(momentum[:, :3], axis=1) > SLOWEST, found, NONE)


def class_probabilities(possible: Array, p: Array, pdg: Array, charged: Array) -> npt.NDArray[np.float64]:
    """Probabilities [particles, 4] of the `CLASSES` for the best ``possible`` class, momentum ``p`` in GeV and number ``pdg``.

    ``charged`` is the number of charged particles of the event in the acceptance, see `charged_in_acceptance`.
    """
    number, p = np.abs(pdg), np.asarray(p, np.float64)
    survives = np.select([number == 13, number == 11], [1.0, 1 - _RADIATED], 1 - _ABSORBED) * (1 - _CROWDED * np.asarray(charged) / USUAL)
    before = 0.78 * -np.expm1(-np.maximum(p - 0.8, 0) / 0.8)
    behind = 0.80 * -np.expm1(-np.maximum(p - 1.5, 0) / 2.0) * survives
    long = np.where(np.asarray(possible) == LONG, magnet.reconstruction_efficiency(p) * survives, 0.0)
    missed = np.where(np.asarray(possible) == LONG, 1 - long, 0.0)
    upstream = missed * _SECOND[UPSTREAM] + np.where(np.asarray(possible) == UPSTREAM, before, 0.0)
    downstream = missed * _SECOND[DOWNSTREAM] + np.where(np.asarray(possible) == DOWNSTREAM, behind, 0.0)
    return np.stack([1 - long - upstream - downstream, long, upstream, downstream], axis=1)


def reconstructed_class(rng: np.random.Generator, probabilities: Array) -> npt.NDArray[np.int64]:
    """A class [particles] drawn with ``probabilities`` [particles, 4]."""
    return np.asarray((rng.random((len(probabilities), 1)) > np.cumsum(probabilities, axis=1)[:, :-1]).sum(axis=1))


def charged_in_acceptance(momentum: Momenta, charge: Array, event: Array, events: int) -> npt.NDArray[np.int64]:
    """Charged particles [events] of more than 2 GeV with a pseudorapidity between 2 and 5, of which ``event`` [particles] each is."""
    p = np.linalg.norm(momentum[:, :3], axis=1)
    eta = np.arctanh(np.clip(momentum[:, 2] / np.maximum(p, 1e-9), -0.999999999, 0.999999999))
    counted = (np.asarray(charge) != 0) & (p > 2) & (eta > 2) & (eta < 5)
    return np.bincount(np.asarray(event)[counted], minlength=events)
