"""Proton-proton collisions at 13.6 TeV without a generator program: the record that Pythia gives, drawn from spectra, and faster.

Multiplicities, species, transverse momenta and rapidities follow Pythia 8.317 (`benchmarks/generators.py` prints both): negative
binomials after UA5, Z. Phys. C 43 (1989) 357, transverse momenta after Hagedorn, Riv. Nuovo Cim. 6 (1983) 10. Particles of a collision
know nothing of each other but its multiplicity: there are no jets, no resonances and no oscillation, and collisions do not conserve
energy and flavour. Decays do conserve energy and momentum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, UsageError
from bartik.simulation.conditions import Conditions
from bartik.simulation.parametric_decays import Generation, with_daughters
from bartik.simulation.particles import conjugate, number_of, values_of

ENERGY = 13_600.0
"""Of both protons in GeV: what the spectra are of."""
_SHARE, _MEAN, _SHAPE = np.array([0.33, 0.29, 0.38]), np.array([80.0, 76.0, 239.0]), np.array([0.92, 23.0, 3.8])
"""Three kinds of collision, the first of which can be diffractive: how often, particles that come from it, shape of their distribution."""
_GAP = 40.0
"""Particles: how small the multiplicity of a diffractive collision is."""
_SPECIES = {
    "pi+": (68.0, 0.484), "pi0": (39.1, 0.450), "gamma": (5.5, 0.368), "K+": (8.2, 0.666), "K_L0": (4.0, 0.653), "K_S0": (4.0, 0.653),
    "p+": (3.9, 0.714), "n0": (3.8, 0.748), "Lambda0": (1.50, 0.82), "Sigma-": (0.49, 0.92), "Sigma+": (0.52, 0.89),
    "Xi-": (0.124, 0.91), "Xi0": (0.138, 0.95), "Omega-": (0.006, 0.95),
}  # fmt: skip
"""Particles in a collision, antiparticles among them, and the scale of their transverse momentum in GeV."""
_POWER = 1.5


class _Quark(NamedTuple):
    """Pairs in a collision, hadrons with their fractions (of the quark, not the antiquark), scale and power of the transverse momentum."""

    pairs: float
    hadrons: tuple[str, ...]
    fractions: tuple[float, ...]
    scale: float
    power: float


_QUARKS = {
    "ccbar": _Quark(0.17, ("D0", "D+", "D_s+", "Lambda_c+"), (0.6, 0.25, 0.11, 0.04), 3.2, 2.0),
    "bbbar": _Quark(0.012, ("anti-B0", "B-", "anti-B_s0", "Lambda_b0"), (0.42, 0.42, 0.09, 0.07), 8.0, 2.4),
}
_HARD = 1.8  # a collision with a heavy quark is one of many particles: their number is drawn in proportion to this power of it


def collisions(conditions: Conditions, rng: np.random.Generator, samples: Sequence[str]) -> Arrays:
    """Particles of collisions of these ``samples``, each at the origin; columns as the record has them, mothers counted from the first.

    `UsageError` where the beams have another energy than `ENERGY`.
    """
    if conditions.energy != ENERGY:
        raise UsageError(f"the parametric generator knows {ENERGY:.0f} GeV, not {conditions.energy:.0f}", hint="--generator pythia")
    sizes, diffractive = _sizes(rng, samples)
    parts = [_soft(rng, sizes, diffractive), _leading(rng, len(samples))]
    parts += [_heavy(rng, quark, sizes, np.array([sample == name for sample in samples], bool)) for name, quark in _QUARKS.items()]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return with_daughters(rng, _generation(*columns))


def _generation(pdg: Array, collision: Array, pt: Array, phi: Array, y: Array) -> Generation:
    """Particles at the origin from their transverse momenta, azimuths and rapidities."""
    transverse = np.hypot(values_of(pdg, "mass"), pt)
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), transverse * np.sinh(y), transverse * np.cosh(y)], axis=1)
    return Generation(pdg, np.full(len(pdg), -1), collision, np.zeros((len(pdg), 4)), momentum)


def _sizes(rng: np.random.Generator, samples: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Particles in each collision, and whether it is diffractive."""
    tries = 16
    kind = rng.choice(len(_SHARE), (len(samples), tries), p=_SHARE)
    drawn = rng.negative_binomial(_SHAPE[kind], _SHAPE[kind] / (_SHAPE[kind] + _MEAN[kind]))
    weight = (drawn + 1.0) ** np.where(np.array(samples) == "minbias", 0.0, _HARD)[:, np.newaxis]
    summed = np.cumsum(weight, axis=1)
    chosen = (rng.random((len(samples), 1)) * summed[:, -1:] > summed).sum(axis=1)
    rows = np.arange(len(samples))
    sizes = drawn[rows, chosen]
    return sizes, (kind[rows, chosen] == 0) & (rng.random(len(samples)) < np.exp(-sizes / _GAP))


def _soft(rng: np.random.Generator, sizes: npt.NDArray[np.int64], diffractive: npt.NDArray[np.bool_]) -> tuple[Array, ...]:
    """Number, collision, transverse momentum, azimuth and rapidity of what comes from the strong interaction."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    share, scale = np.array(list(_SPECIES.values())).T
    kind = rng.choice(len(share), len(owner), p=share / share.sum())
    pdg = _either(rng, np.array([number_of(name) for name in _SPECIES])[kind])
    among = sizes[owner]
    pt = _transverse(rng, scale[kind] * (0.6 + 0.0274 * np.sqrt(among)), _POWER)
    reach = np.minimum(6.3 + 260.0 / np.maximum(among, 60), _highest(pdg, pt))
    central = reach * (1 - rng.random(len(owner)) ** (1 / 1.42)) * rng.choice([-1, 1], len(owner))
    side = rng.choice([-1, 1], len(sizes))[owner]
    gap = side * (np.minimum(9.6, _highest(pdg, pt)) - (2 + among / 4) * rng.beta(1.2, 1, len(owner)))
    return pdg, owner, pt, _azimuth(rng, len(owner)), np.where(diffractive[owner], gap, central)


def _leading(rng: np.random.Generator, count: int) -> tuple[Array, ...]:
    """What is left of each proton: a baryon with a fifth of its momentum or more."""
    pdg = rng.choice([2212, 2112, 3122], 2 * count, p=[0.6, 0.33, 0.07])
    pt = _transverse(rng, np.full(2 * count, 0.7), _POWER)
    energy = 0.5 * ENERGY * rng.uniform(0.2, 1.0, 2 * count)
    y = np.arccosh(np.maximum(energy / np.hypot(values_of(pdg, "mass"), pt), 1.0)) * np.repeat([-1, 1], count)
    return pdg, np.tile(np.arange(count), 2), pt, _azimuth(rng, 2 * count), y


def _heavy(rng: np.random.Generator, quark: _Quark, sizes: npt.NDArray[np.int64], forced: npt.NDArray[np.bool_]) -> tuple[Array, ...]:
    """Two hadrons of each pair of heavy quarks, near in rapidity, mostly back to back."""
    pairs = rng.poisson(quark.pairs * sizes / float(_SHARE @ _MEAN)) + forced
    owner = np.repeat(np.arange(len(sizes)), pairs)
    numbers = np.array([number_of(name) for name in quark.hadrons])
    drawn = rng.choice(len(numbers), 2 * len(owner), p=quark.fractions)
    pdg = np.concatenate([numbers[drawn[: len(owner)]], conjugate(numbers[drawn[len(owner) :]])])
    pt = _transverse(rng, np.full(len(pdg), quark.scale), quark.power)
    y = np.tile(rng.uniform(-4.5, 4.5, len(owner)), 2) + rng.normal(0, 1.15, len(pdg))
    phi, near = _azimuth(rng, len(owner)), rng.random(len(owner)) < 0.3
    other = phi + np.where(near, 0, np.pi) + rng.normal(0, np.where(near, 0.5, 0.9))
    limit = _highest(pdg, pt)
    return pdg, np.tile(owner, 2), pt, np.concatenate([phi, other]), np.clip(y, -limit, limit)


def _transverse(rng: np.random.Generator, scale: Array, power: float) -> npt.NDArray[np.float64]:
    """Transverse momenta as dN/dpT² ~ (1 + pT²/scale²)^-(power + 1), below a tenth of a proton's."""
    drawn = scale * np.sqrt((1 - rng.random(len(scale))) ** (-1 / power) - 1)
    return np.asarray(np.minimum(drawn, 0.05 * ENERGY))


def _highest(pdg: Array, pt: Array) -> npt.NDArray[np.float64]:
    """Rapidity at which a particle has half of a proton's energy."""
    return np.asarray(np.arccosh(np.maximum(0.25 * ENERGY / np.hypot(np.maximum(values_of(pdg, "mass"), 0.1), pt), 1.0)))


def _either(rng: np.random.Generator, pdg: Array) -> npt.NDArray[np.int64]:
    """Half of the particles as their antiparticles."""
    return np.where(rng.random(len(pdg)) < 0.5, pdg, conjugate(pdg))


def _azimuth(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    return rng.uniform(-np.pi, np.pi, count)
