"""Decays that supply tracks of known species: of which simulated samples for particle identification are made.

A sample of a channel has the daughters of its decay and companions of every species, the other tracks of its events. Each channel has
spectra, an occupancy and a bias of its own, so that what is learnt on some can fail on others. Spectra are those of the
parametric generator; occupancies and biases are of this toy. LHCb's calibration samples: R. Aaij et al., arXiv:1803.00824.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array, UsageError
from bartik.simulation.parametric_decays import flown
from bartik.simulation.particles import number_of, values_of
from bartik.simulation.phase_space import Momenta, decay
from bartik.simulation.response import magnet

LIGHTEST, HARDEST = 3.0, 200.0
"""Momenta in GeV between which tracks are identified."""
_ETA = (1.6, 5.4)
_COMPANIONS = {11: 0.45, 13: 0.9, 211: 0.55, 321: 0.75, 2212: 0.8}
"""Scale in GeV of the transverse momentum of tracks that are not of the decay, after the parametric generator's; leptons of this toy."""
_COMPANION_POWER = 1.6
_LEAST_PT = 0.25


class Channel(NamedTuple):
    """Decay of ``mother`` to ``daughters``; its transverse momenta go as (1 + pT²/scale²)^-(power + 1); mean tracks in its events.

    ``bias`` is how far the selection of the channel has moved the charge left in the vertex locator, as a multiple of `SHIFT`.
    """

    name: str
    mother: str
    daughters: tuple[str, ...]
    scale: float
    power: float
    tracks: float
    bias: float


CHANNELS = (
    Channel("D* -> D0 pi", "D0", ("K-", "pi+"), 3.2, 2.0, 130.0, 1.4),
    Channel("K_S -> pi pi", "K_S0", ("pi+", "pi-"), 1.2, 1.8, 110.0, 0.3),
    Channel("phi -> K K", "phi", ("K+", "K-"), 1.6, 1.8, 120.0, 0.5),
    Channel("Lambda -> p pi", "Lambda0", ("p+", "pi-"), 1.5, 1.8, 115.0, 1.2),
    Channel("J/psi -> mu mu", "J/psi", ("mu+", "mu-"), 3.5, 2.2, 125.0, 0.9),
    Channel("J/psi -> e e", "J/psi", ("e+", "e-"), 3.5, 2.2, 125.0, 0.8),
    Channel("B -> h h", "B0", ("K+", "pi-"), 8.0, 2.4, 165.0, -0.6),
    Channel("Lambda_c -> p K pi", "Lambda_c+", ("p+", "K-", "pi+"), 3.2, 2.0, 140.0, -0.3),
    Channel("b -> J/psi(mu mu)", "J/psi", ("mu+", "mu-"), 6.0, 2.4, 160.0, -0.5),
    Channel("b -> J/psi(e e)", "J/psi", ("e+", "e-"), 6.0, 2.4, 160.0, -0.4),
)
"""The first `SEEN` are for training; a network trained on them meets the others only when it is judged."""
SEEN = 6


def supplies(channel: int) -> tuple[int, ...]:
    """Numbers (PDG, without sign) of the species that a channel has."""
    return tuple(dict.fromkeys(abs(number_of(name)) for name in CHANNELS[channel].daughters))


def true_tracks(rng: np.random.Generator, channel: int, pdg: int, count: int) -> tuple[Momenta, npt.NDArray[np.int64]]:
    """Momenta [count, 3] in GeV of long tracks of a species (PDG number without sign) from the decay, and their charges [count].

    `UsageError` where the channel does not have the species.
    """
    if pdg not in supplies(channel):
        raise UsageError(f"{CHANNELS[channel].name} has no particle {pdg}", hint=f"it has {supplies(channel)}")
    return _until(rng, lambda: _some(rng, CHANNELS[channel], pdg, 2 * count + 500), count)


def companions(rng: np.random.Generator, pdg: int, count: int) -> tuple[Momenta, npt.NDArray[np.int64]]:
    """Momenta [count, 3] in GeV of long tracks of a species that are not of the decay, and their charges [count]."""
    return _until(rng, lambda: _directly(rng, pdg, 6 * count + 500), count)


def _until(
    rng: np.random.Generator, some: Callable[[], tuple[Momenta, npt.NDArray[np.int64]]], count: int
) -> tuple[Momenta, npt.NDArray[np.int64]]:
    parts: list[tuple[Momenta, npt.NDArray[np.int64]]] = [(np.zeros((0, 3)), np.zeros(0, np.int64))]
    found = 0
    while found < count:
        parts.append(some())
        found += len(parts[-1][0])
    momenta, charge = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = rng.permutation(found)[:count]
    return momenta[order], charge[order]


def occupancy(rng: np.random.Generator, channel: Array) -> npt.NDArray[np.float64]:
    """Tracks [rows] in the event of each, drawn from a negative binomial around the mean of its ``channel`` [rows]."""
    mean, shape = np.array([one.tracks for one in CHANNELS])[channel], 4.0
    return np.maximum(rng.negative_binomial(shape, shape / (shape + mean)), 10).astype(np.float64)


def _some(rng: np.random.Generator, channel: Channel, pdg: int, decays: int) -> tuple[Momenta, npt.NDArray[np.int64]]:
    """Long tracks of the species in so many decays."""
    mother = np.full(decays, number_of(channel.mother))
    mass = values_of(mother, "mass")
    way = _way(rng, decays, channel.scale, channel.power)
    momentum = np.concatenate([way, np.sqrt((way**2).sum(axis=1) + mass**2)[:, np.newaxis]], axis=1)
    origin = flown(rng, np.zeros((decays, 4)), momentum, mother)
    numbers = np.array([number_of(name) for name in channel.daughters])
    bodies = decay(rng, momentum, mass, np.broadcast_to(values_of(numbers, "mass"), (decays, len(numbers))))
    parts = [_long(rng, origin, bodies[:, place, :3], number) for place, number in enumerate(numbers) if abs(number) == pdg]
    momenta, charge = (np.concatenate(column) for column in zip(*parts, strict=True))
    return momenta, charge


def _directly(rng: np.random.Generator, pdg: int, count: int) -> tuple[Momenta, npt.NDArray[np.int64]]:
    """Long tracks among so many particles from the collision."""
    return _long(rng, np.zeros((count, 4)), _way(rng, count, _COMPANIONS[pdg], _COMPANION_POWER), pdg)


def _way(rng: np.random.Generator, count: int, scale: float, power: float) -> Momenta:
    """Momenta [count, 3] evenly in pseudorapidity and azimuth."""
    pt = scale * np.sqrt((1 - rng.random(count)) ** (-1 / power) - 1)
    eta, phi = rng.uniform(*_ETA, count), rng.uniform(-np.pi, np.pi, count)
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1)


def _long(rng: np.random.Generator, origin: Momenta, momentum: Momenta, number: int) -> tuple[Momenta, npt.NDArray[np.int64]]:
    charge = np.full(len(momentum), int(values_of(np.array([number]), "charge")[0])) * rng.choice([-1, 1], len(momentum))
    p = np.linalg.norm(momentum, axis=1)
    kept = (magnet.track_type(origin[:, :3], momentum, charge) == magnet.LONG) & (p > LIGHTEST) & (p < HARDEST)
    kept &= (np.hypot(momentum[:, 0], momentum[:, 1]) > _LEAST_PT) & (rng.random(len(p)) < magnet.reconstruction_efficiency(p))
    return momentum[kept], charge[kept]
