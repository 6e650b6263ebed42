"""Tracks of known species with all that identifies them: momentum, fit, Cherenkov light, calorimeters, muon stations.

The responses are those of `bartik.simulation.response`; fits of tracks and the charge in the vertex locator are of this toy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays
from bartik.simulation.calibration_channels import CHANNELS, HARDEST, LIGHTEST, companions, occupancy, supplies, true_tracks
from bartik.simulation.response import calorimeter, momentum, muon, rich

SPECIES = ("e", "mu", "pi", "K", "p", "ghost")
"""In the order of the networks' outputs."""
NUMBERS = (11, 13, 211, 321, 2212)
"""Of the Particle Data Group, of all but ghosts."""
SHIFT = np.array([-0.5, 0.3, -0.35, 0.45, 0.2, 0.0])
"""By how many multiples of the most probable charge a bias of 1 moves each species."""
_BESIDE, _ENERGY_BESIDE = 0.35, np.array([4.0, 5.0])
"""Probability, in an event of 150 tracks, of another particle's energy in a track's cells of a calorimeter, and its mean in GeV."""
_COVERED = ((0.03, 0.25), (0.03, 0.25))
"""Polar angles in rad that both calorimeters cover; what is outside is `MISSING`."""
MISSING = -999.0
_DARK = 0.35  # share of ghosts whose Velo segment and momentum have no ring in common
_FIT, _MATCH = 20.0, 4.0  # degrees of freedom


def identified_tracks(rng: np.random.Generator, count: int, channels: Sequence[int], biases: Array | None = None) -> Arrays:
    """Columns [count] of tracks from samples of these channels, as many of each species and channel, in random order.

    Half of the tracks of a species that the decay has are of the decay. ``species`` and ``channel`` are places in `SPECIES` and
    `CHANNELS`; momenta and energies are in GeV. ``biases`` [CHANNELS] take the place of those of `CHANNELS`.
    """
    pairs = [(species, channel) for species in range(len(SPECIES)) for channel in channels]
    sizes = [count // len(pairs) + (place < count % len(pairs)) for place in range(len(pairs))]
    parts = [_of_one(rng, *pair, size) for pair, size in zip(pairs, sizes, strict=True) if size]
    found: Arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    moved = np.array([one.bias for one in CHANNELS]) if biases is None else np.asarray(biases, np.float64)
    found["velo_charge"] = found["velo_charge"] + moved[found["channel"]] * SHIFT[found["species"]]
    order = rng.permutation(len(found["species"]))
    return {name: values[order] for name, values in found.items()}


def _of_one(rng: np.random.Generator, species: int, channel: int, count: int) -> Arrays:
    """Tracks of one species in the sample of one channel."""
    ghost = SPECIES[species] == "ghost"
    pdg = rng.choice([211, 321, 2212], count, p=[0.75, 0.15, 0.1]) if ghost else np.full(count, NUMBERS[species])
    momenta, charge = _momenta(rng, channel, 211 if ghost else NUMBERS[species], count)
    busy = occupancy(rng, np.full(count, channel))
    p = np.linalg.norm(momenta, axis=1)
    claimed = np.exp(rng.permutation(np.log(p)) + 0.5 * rng.standard_normal(count)) if ghost else p
    claimed = np.clip(claimed, LIGHTEST, HARDEST)
    measured = claimed if ghost else momentum.measured_momentum(rng, p, pdg == 11)
    found = _track(rng, momenta / p[:, np.newaxis], measured, busy, ghost=ghost)
    found |= _response(rng, pdg, p, claimed, np.arccos(momenta[:, 2] / p), busy, dark=_DARK if ghost else 0.0)
    return found | {"charge": charge, "species": np.full(count, species), "channel": np.full(count, channel)}


def _momenta(rng: np.random.Generator, channel: int, pdg: int, count: int) -> tuple[Array, Array]:
    """Half from the decay, where it has the species, and companions."""
    signal = count // 2 if pdg in supplies(channel) else 0
    parts = [companions(rng, pdg, count - signal), *([true_tracks(rng, channel, pdg, signal)] if signal else [])]
    momenta, charge = (np.concatenate(column) for column in zip(*parts, strict=True))
    return momenta, charge


def _track(rng: np.random.Generator, way: Array, p: Array, busy: Array, *, ghost: bool) -> Arrays:
    """What the fit says: a ghost fits worse, the more so the fewer tracks can be confused."""
    count = len(p)
    worse = 1.0 + rng.gamma(1.2, 0.75, count) if ghost else np.where(rng.random(count) < 0.04, 1 + rng.gamma(1.0, 0.5, count), 1.0)
    fit = worse * rng.chisquare(_FIT, count) / _FIT
    match = worse**1.5 * rng.chisquare(_MATCH, count) / _MATCH * (1 + busy / 1000)
    pt = p * np.hypot(way[:, 0], way[:, 1])
    charge = 1 + 0.2 * rng.standard_normal(count)
    return {"p": p, "pt": pt, "n_tracks": busy, "track_chi2": fit, "match_chi2": match, "velo_charge": charge}


def _response(rng: np.random.Generator, pdg: Array, p: Array, claimed: Array, theta: Array, busy: Array, dark: float) -> Arrays:
    """Of particles of momentum ``p`` on tracks that are ``claimed`` to have another: the same for all but ghosts.

    A ring's angle is one of the velocity, so that the light of another momentum is that of another mass.
    """
    mass = np.select([pdg == number for number in NUMBERS], list(rich.HYPOTHESES.values()), 0.0)
    seen = np.where(rng.random(len(p)) < dark, 1e3, mass * claimed / p)
    energies = [_with_others(rng, one, theta, busy, place) for place, one in enumerate(calorimeter.deposits(rng, pdg, np.hypot(p, mass)))]
    hits = muon.station_hits(rng, pdg, claimed, busy)
    found: Arrays = {name.lower().replace("dll", "dll_"): values for name, values in rich.dll(rng, claimed, seen, theta, busy).items()}
    stations: npt.NDArray[np.float64] = hits.sum(axis=1).astype(np.float64)
    is_muon = muon.is_muon(claimed, hits).astype(np.float64)
    return found | {"ecal": energies[0], "hcal": energies[1], "is_muon": is_muon, "muon_stations": stations}


def _with_others(rng: np.random.Generator, energy: Array, theta: Array, busy: Array, place: int) -> Array:
    """What a calorimeter measures where others are, in GeV; `MISSING` where there is none."""
    beside = rng.random(len(energy)) < _BESIDE * busy / 150
    whole = energy + beside * rng.exponential(_ENERGY_BESIDE[place], len(energy))
    inner, outer = _COVERED[place]
    return np.where((theta > inner) & (theta < outer), whole, MISSING)
