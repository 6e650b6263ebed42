"""Three-body decays of a spinless particle as a coherent sum of resonances, in real arithmetic so that it can be exported.

Conventions: S. Kopp et al. (CLEO), Phys. Rev. D 63 (2001) 092001: Blatt-Weisskopf barriers, Zemach angular terms, relativistic
Breit-Wigner with a width that depends on the mass; D. Aston et al. (LASS), Nucl. Phys. B 296 (1988) 493, for the K pi S wave.
Masses and widths are in GeV, squared masses in GeV^2, radii in 1/GeV.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

PION, KAON_SHORT, D_ZERO = 0.13957, 0.497611, 1.86484
_RADIUS, _MOTHER_RADIUS = 1.5, 5.0
_LASS_LENGTH, _LASS_RANGE = 2.07, 3.32
_LEAST = 1e-9
_NARROW = (0.74, 0.83, 0.9, 1.05)
"""GeV: masses of the pions between which there are nodes of their own, around omega and f0(980)."""
Complex = tuple[Tensor, Tensor]
"""Real and imaginary part."""


class Resonance(NamedTuple):
    """Its name, the pair it decays to, spin, mass, width; ``lass`` for the K pi S wave.

    Pairs: ``-`` is K_S pi-, ``+`` is K_S pi+, ``0`` is pi+ pi-.
    """

    name: str
    pair: str
    spin: int
    mass: float
    width: float
    lass: bool = False


KSPIPI = (
    Resonance("rho(770)", "0", 1, 0.77526, 0.1491),
    Resonance("K*(892)-", "-", 1, 0.89167, 0.0514),
    Resonance("K0*(1430)-", "-", 0, 1.425, 0.270, lass=True),
    Resonance("K2*(1430)-", "-", 2, 1.4273, 0.100),
    Resonance("K*(1680)-", "-", 1, 1.718, 0.322),
    Resonance("K*(892)+", "+", 1, 0.89167, 0.0514),
    Resonance("K0*(1430)+", "+", 0, 1.425, 0.270, lass=True),
    Resonance("K2*(1430)+", "+", 2, 1.4273, 0.100),
    Resonance("omega(782)", "0", 1, 0.78266, 0.00868),
    Resonance("f0(500)", "0", 0, 0.513, 0.335),
    Resonance("f0(980)", "0", 0, 0.977, 0.050),
    Resonance("f2(1270)", "0", 2, 1.2755, 0.1867),
    Resonance("f0(1370)", "0", 0, 1.400, 0.310),
)
"""D0 -> K_S pi+ pi-: the resonances that matter most in the Belle and BaBar models (Phys. Rev. D 73 (2006) 112009); masses of the PDG."""


class Dalitz:
    """D0 -> K_S pi+ pi- amplitudes, each scaled so that its square integrates to one over the phase space."""

    def __init__(self, resonances: Sequence[Resonance] = KSPIPI, *, nodes: tuple[int, int] = (480, 240)) -> None:
        """Integrate once on ``nodes`` Gauss-Legendre nodes in the mass of the pions and in the cosine of the helicity angle."""
        self.resonances = tuple(resonances)
        self.scales: tuple[float, ...] = (1.0,) * len(self.resonances)
        self._groups = _groups(self.resonances)
        placed = [place for group in self._groups for place in group.places]
        self._order = [placed.index(place) for place in range(len(placed))]
        minus, plus, weights = quadrature(*nodes)
        real, imaginary = self.amplitudes(torch.from_numpy(minus), torch.from_numpy(plus))
        norms = ((real**2 + imaginary**2) * torch.from_numpy(weights)[:, None]).sum(0)
        self.scales = tuple((1 / torch.sqrt(norms)).tolist())
        values = torch.complex(real, imaginary) * torch.tensor(self.scales)
        self.products = (values.conj() * torch.from_numpy(weights)[:, None]).T @ values
        mirrored = torch.complex(*self.amplitudes(torch.from_numpy(plus), torch.from_numpy(minus)))
        self.mirrored_products = (values.conj() * torch.from_numpy(weights)[:, None]).T @ mirrored
        """Integrals [K, K] of ``conj(A_i) A_j`` over the phase space, and of ``conj(A_i)`` with ``A_j`` where the pions are exchanged."""

    def amplitudes(self, minus: Tensor, plus: Tensor) -> Complex:
        """Real and imaginary parts [events, K] at squared masses [events] of K_S pi- and of K_S pi+."""
        zero = D_ZERO**2 + KAON_SHORT**2 + 2 * PION**2 - minus - plus
        found = [_amplitude(group, minus[:, None], plus[:, None], zero[:, None]) for group in self._groups]
        order = torch.tensor(self._order, device=minus.device)
        real, imaginary = (torch.cat(parts, 1).index_select(1, order) for parts in zip(*found, strict=True))
        scales = torch.tensor(self.scales, dtype=real.dtype, device=real.device)
        return real * scales, imaginary * scales

    def total(self, minus: Tensor, plus: Tensor, couplings: Complex) -> Complex:
        """The sum over resonances [events] with ``couplings`` [K]."""
        real, imaginary = self.amplitudes(minus, plus)
        return (
            real @ couplings[0] - imaginary @ couplings[1],
            real @ couplings[1] + imaginary @ couplings[0],
        )


def quadrature(masses: int, angles: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes over the phase space, whose border they follow: squared masses of K_S pi-, of K_S pi+, and weights in GeV^4."""
    edges = np.array([2 * PION, *_NARROW, D_ZERO - KAON_SHORT])
    x, w = np.polynomial.legendre.leggauss(masses // (len(edges) - 1))
    half = 0.5 * np.diff(edges)[:, None]
    mass, wide = (edges[:-1, None] + half * (1 + x)).reshape(-1), (half * w).reshape(-1)
    cosine, across = np.polynomial.legendre.leggauss(angles)
    minus, plus, spread = from_helicity(mass[:, None], cosine[None, :])
    weights = (wide * 2 * mass)[:, None] * spread * across[None, :]
    return minus.reshape(-1), plus.reshape(-1), weights.reshape(-1)


def from_helicity(mass: np.ndarray, cosine: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squared masses of K_S pi- and K_S pi+ for a mass of the pions in GeV and the cosine of their helicity angle; and half their range."""
    s = mass**2
    energy = (D_ZERO**2 - s - KAON_SHORT**2) / (2 * mass)
    momentum = np.sqrt(np.maximum(energy**2 - KAON_SHORT**2, 0))
    pion = np.sqrt(np.maximum(s / 4 - PION**2, 0))
    middle = KAON_SHORT**2 + PION**2 + energy * mass
    half = 2 * momentum * pion
    return middle - half * cosine, middle + half * cosine, half + 0 * cosine


def is_inside(minus: Tensor, plus: Tensor) -> Tensor:
    """Whether squared masses [events] are within the phase space."""
    zero = D_ZERO**2 + KAON_SHORT**2 + 2 * PION**2 - minus - plus
    mass = torch.sqrt(zero.clamp(min=4 * PION**2))
    energy = (D_ZERO**2 - zero - KAON_SHORT**2) / (2 * mass)
    half = 2 * torch.sqrt((energy**2 - KAON_SHORT**2).clamp(min=0)) * torch.sqrt((mass**2 / 4 - PION**2).clamp(min=0))
    return (zero >= 4 * PION**2) & (mass <= D_ZERO - KAON_SHORT) & ((plus - minus).abs() <= 2 * half)


class _Group(NamedTuple):
    """Resonances of the same pair, spin and line shape, and their ``places`` among all: they are computed side by side."""

    pair: str
    spin: int
    lass: bool
    places: tuple[int, ...]
    masses: tuple[float, ...]
    widths: tuple[float, ...]

    @property
    def products(self) -> tuple[float, float, float]:
        """Masses of the two it decays to, and of what is beside it."""
        return (PION, PION, KAON_SHORT) if self.pair == "0" else (KAON_SHORT, PION, PION)

    @property
    def poles(self) -> list[float]:
        """Momenta of the two at the masses."""
        return [_at(mass, *self.products[:2]) for mass in self.masses]


def _groups(resonances: Sequence[Resonance]) -> list[_Group]:
    kinds = dict.fromkeys((one.pair, one.spin, one.lass) for one in resonances)
    found = []
    for kind in kinds:
        mine = [(place, one) for place, one in enumerate(resonances) if (one.pair, one.spin, one.lass) == kind]
        places, masses, widths = zip(*((place, one.mass, one.width) for place, one in mine), strict=True)
        found.append(_Group(*kind, places, masses, widths))
    return found


def _amplitude(group: _Group, minus: Tensor, plus: Tensor, zero: Tensor) -> Complex:
    """Real and imaginary parts [events, resonances] for squared masses [events, 1]."""
    s, ac, bc = {"0": (zero, plus, minus), "-": (minus, plus, zero), "+": (plus, minus, zero)}[group.pair]
    masses = group.products
    q = _momentum(s.clamp(min=(masses[0] + masses[1]) ** 2), masses[0], masses[1])
    angular = _angular(group.spin, s, ac, bc, masses) * _mother_barrier(group, s, masses[2])
    line = _lass(group, s, q) if group.lass else _breit_wigner(group, s, q)
    return angular * line[0], angular * line[1]


def _like(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor([list(values)], dtype=like.dtype, device=like.device)


def _momentum(s: Tensor, a: float, b: float) -> Tensor:
    return torch.sqrt(((s - (a + b) ** 2) * (s - (a - b) ** 2) / (4 * s)).clamp(min=_LEAST))


def _at(mass: float, a: float, b: float) -> float:
    return math.sqrt((mass**2 - (a + b) ** 2) * (mass**2 - (a - b) ** 2)) / (2 * mass)


def _angular(spin: int, s: Tensor, ac: Tensor, bc: Tensor, masses: tuple[float, float, float]) -> Tensor:
    """Zemach's tensors: A and B from the resonance, C beside it; ``ac``, ``bc`` squared masses of A and C, B and C."""
    a, b, c = masses
    if spin == 0:
        return torch.ones_like(s)
    one = bc - ac + (D_ZERO**2 - c**2) * (a**2 - b**2) / s
    if spin == 1:
        return one
    mother = s - 2 * D_ZERO**2 - 2 * c**2 + (D_ZERO**2 - c**2) ** 2 / s
    return one * one - mother * (s - 2 * a**2 - 2 * b**2 + (a**2 - b**2) ** 2 / s) / 3


def _barrier(spin: int, z: Tensor, pole: Tensor) -> Tensor:
    """Blatt-Weisskopf form factor squared, relative to the pole; ``z`` is the square of radius times momentum."""
    if spin == 0:
        return torch.ones_like(z) + 0 * pole
    if spin == 1:
        return (1 + pole) / (1 + z)
    return (9 + 3 * pole + pole**2) / (9 + 3 * z + z * z)


def _mother_barrier(group: _Group, s: Tensor, c: float) -> Tensor:
    """Of the D0, by the momentum of the pair in its frame."""
    masses = [min(mass, D_ZERO - c - 1e-3) for mass in group.masses]
    poles = [((D_ZERO + c) ** 2 - mass**2) * ((D_ZERO - c) ** 2 - mass**2) / (4 * D_ZERO**2) for mass in masses]
    p2 = ((D_ZERO + c) ** 2 - s) * ((D_ZERO - c) ** 2 - s) / (4 * D_ZERO**2)
    z = _MOTHER_RADIUS**2 * p2.clamp(min=_LEAST)
    return torch.sqrt(_barrier(group.spin, z, _like([_MOTHER_RADIUS**2 * pole for pole in poles], s)))


def _breit_wigner(group: _Group, s: Tensor, q: Tensor) -> Complex:
    mass, width, pole = (_like(values, s) for values in (group.masses, group.widths, group.poles))
    factor = _barrier(group.spin, _RADIUS**2 * q * q, (_RADIUS * pole) ** 2)
    running = width * (q / pole) ** (2 * group.spin + 1) * mass / torch.sqrt(s.clamp(min=_LEAST)) * factor
    real, imaginary = mass**2 - s, mass * running
    scale = torch.sqrt(factor) / (real * real + imaginary * imaginary)
    return real * scale, imaginary * scale


def _lass(group: _Group, s: Tensor, q: Tensor) -> Complex:
    """Effective range and K0*(1430), with elastic unitarity."""
    mass, width, pole = (_like(values, s) for values in (group.masses, group.widths, group.poles))
    m = torch.sqrt(s.clamp(min=_LEAST))
    cotangent = 1 / (_LASS_LENGTH * q) + 0.5 * _LASS_RANGE * q
    size = 1 / (1 + cotangent * cotangent)
    sine2, cosine2 = 2 * cotangent * size, (cotangent * cotangent - 1) * size
    strength = mass * width * mass / pole
    real, imaginary = mass**2 - s, mass * width * (q / m) * mass / pole
    scale = strength / (real * real + imaginary * imaginary)
    wave = m / q * size
    return (
        wave * cotangent + (cosine2 * real - sine2 * imaginary) * scale,
        wave + (cosine2 * imaginary + sine2 * real) * scale,
    )
