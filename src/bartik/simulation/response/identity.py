"""Likelihoods of the muon system, and what all detectors together say of a particle's species.

Shapes are of this toy. That the combined likelihood of kaons and protons is that of the RICH alone is LHCb's convention: all hadrons
have the same likelihood in calorimeters and muon system.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.response import calorimeter
from bartik.simulation.response.rich import HYPOTHESES, RADIATORS, threshold

GLOBAL = ("PIDe", "PIDmu", "PIDK", "PIDp", "ProbNNe", "ProbNNmu", "ProbNNpi", "ProbNNK", "ProbNNp")
_PRIOR = np.log(np.array([0.04, 0.03, 0.68, 0.17, 0.08]))
"""Of the species in the order of `HYPOTHESES`, to which ProbNN are trained."""
_MOST = 12.0  # of a calorimeter's logarithm: never reached
NO_MUON = -3.0
"""What the muon system adds to the combined likelihood as muon of a track that does not pass isMuon."""
NEGLIGIBLE = 1e-4
_UNKNOWN = 0.7
"""Spread of the log odds of ProbNN by what else is known of a track."""


def muon_likelihoods(rng: np.random.Generator, pdg: Array, p: Array) -> npt.NDArray[np.float64]:
    """Logarithms [tracks, 2] of the likelihoods as muon and as background of tracks that pass isMuon; ``p`` in GeV.

    From the mean squared distance of hits from the track: near for muons, anywhere in the field of interest for others.
    """
    number, count = np.abs(pdg), len(np.asarray(p))
    near = rng.gamma(2.0, 0.5, count) * (1 + 2 / np.asarray(p))
    far = 4 * rng.gamma(1.3, 1.0, count)
    distance = np.where((number == 13) | (rng.random(count) < 0.3), near, far)
    muon = np.log(0.02 + 0.98 * np.exp(-distance / (1 + 2 / np.asarray(p))))
    other = np.log(0.05 + 0.95 * -np.expm1(-distance / 4))
    return np.stack([muon, other], axis=1) + 0.08 * rng.standard_normal((count, 2))


def light(p: Array, theta: Array) -> npt.NDArray[np.bool_]:
    """Whether each of DLLe, DLLmu, DLLK, DLLp [tracks, 4] can differ from 0: some radiator has light of one of its two hypotheses."""
    found = np.zeros((len(np.asarray(p)), 4), bool)
    lightest = np.array([HYPOTHESES[name] for name in ("e", "mu", "pi", "pi")])
    for radiator in RADIATORS:
        covered = (np.asarray(theta) > radiator.inner) & (np.asarray(theta) < radiator.outer)
        found |= covered[:, np.newaxis] & (np.asarray(p)[:, np.newaxis] > threshold(lightest, radiator))
    return found


def calorimeter_likelihoods(rng: np.random.Generator, pdg: Array, p: Array) -> npt.NDArray[np.float64]:
    """By how much [tracks, 2] electron and muon are likelier than a hadron, from E/p and the hadronic calorimeter; ``p`` in GeV."""
    mass = np.select([np.abs(pdg) == number for number in (11, 13, 211, 321, 2212)], list(HYPOTHESES.values()), 0.0)
    ecal, hcal = calorimeter.deposits(rng, pdg, np.hypot(np.asarray(p), mass))
    ratio, late = ecal / np.asarray(p), hcal / np.asarray(p)
    hadron = np.exp(-ratio / 0.3) / 0.3
    electron = np.exp(-0.5 * ((ratio - 1) / 0.1) ** 2) / 0.25 * np.exp(-late / 0.05)
    muon = 3 * np.exp(-0.5 * ((ecal - 0.35) / 0.25) ** 2) * np.exp(-0.5 * ((hcal - 1.7) / 0.9) ** 2)
    return np.stack([np.log((likely + 1e-3) / (hadron + 1e-3)) for likely in (electron, muon)], axis=1).clip(-_MOST, _MOST)


def global_identity(rng: np.random.Generator, pdg: Array, p: Array, dll: Array, is_muon: Array, muon: Array) -> npt.NDArray[np.float64]:
    """Columns [tracks, 9] of `GLOBAL`; arguments as `global_numbers`. What of ProbNN is within `NEGLIGIBLE` of 0 or 1 is 0 or 1."""
    combined, odds = global_numbers(rng, pdg, p, dll, is_muon, muon)
    probability = 1 / (1 + np.exp(-odds.clip(-30, 30)))
    known = np.where(probability < NEGLIGIBLE, 0.0, np.where(probability > 1 - NEGLIGIBLE, 1.0, probability))
    return np.concatenate([combined, known], axis=1)


def global_numbers(
    rng: np.random.Generator, pdg: Array, p: Array, dll: Array, is_muon: Array, muon: Array
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Combined likelihoods [tracks, 4] and log odds of ProbNN [tracks, 5].

    From ``dll`` [tracks, 4] of the RICH, isMuon [tracks], and ``muon`` likelihoods [tracks, 2]. Each ProbNN is a posterior probability
    of its own, one species against the rest, with noise for what other detectors know; they do not add up to 1, as LHCb's do not.
    """
    electron, passing = calorimeter_likelihoods(rng, pdg, p).T
    muons = passing + np.where(np.asarray(is_muon) > 0, muon[:, 0] - muon[:, 1], NO_MUON)
    combined = np.column_stack([dll[:, 0] + electron, dll[:, 1] + muons, dll[:, 2], dll[:, 3]])
    log = np.column_stack([combined[:, :2], np.zeros(len(combined)), combined[:, 2:]]) / 4 + _PRIOR
    others = np.stack([np.logaddexp.reduce(np.delete(log, place, axis=1), axis=1) for place in range(5)], axis=1)
    return combined, log - others + _UNKNOWN * rng.standard_normal(log.shape)
