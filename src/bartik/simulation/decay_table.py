"""What light and heavy hadrons decay to in the parametric generator: channels and how often, read once.

Strange hadrons, π⁰, η and J/ψ to leptons as the Particle Data Group has them. Charm and beauty are a few channels that stand for many:
semileptonic ones with about their branching fractions, the others such that charged particles are as many as they should be (of B⁰ and B⁺
4.97 ± 0.07, HFLAV). Fractions are scaled to 1.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.simulation.particles import number_of

_TEXT = """
pi0:        0.98823 gamma gamma;  0.01174 gamma e+ e-
eta:        0.3941 gamma gamma;  0.3268 pi0 pi0 pi0;  0.2292 pi+ pi- pi0;  0.0422 pi+ pi- gamma
K_S0:       0.6920 pi+ pi-;  0.3069 pi0 pi0
Lambda0:    0.641 p+ pi-;  0.359 n0 pi0
Sigma+:     0.5157 p+ pi0;  0.4831 n0 pi+
Sigma-:     1.0 n0 pi-
Xi-:        1.0 Lambda0 pi-
Xi0:        1.0 Lambda0 pi0
Omega-:     0.678 Lambda0 K-;  0.236 Xi0 pi-;  0.086 Xi- pi0
J/psi:      0.0597 e+ e-;  0.0596 mu+ mu-;  0.25 pi+ pi- pi0;  0.35 pi+ pi- pi+ pi- pi0;  0.1 K+ K- pi+ pi-;  0.1 K+ K- pi0
D0:         0.0395 K- pi+;  0.144 K- pi+ pi0;  0.0886 K- pi+ pi0 pi0;  0.0822 K- pi+ pi+ pi-;  0.043 K- pi+ pi+ pi- pi0
            0.0355 K- e+ nu_e;  0.0341 K- mu+ nu_mu;  0.016 K- pi0 e+ nu_e;  0.016 K- pi0 mu+ nu_mu;  0.028 K_S0 pi+ pi-
            0.028 K_L0 pi+ pi-;  0.052 K_S0 pi+ pi- pi0;  0.052 K_L0 pi+ pi- pi0;  0.0124 K_S0 pi0;  0.0124 K_L0 pi0
            0.0149 pi+ pi- pi0;  0.0041 K+ K-;  0.0015 pi+ pi-
D+:         0.0938 K- pi+ pi+;  0.0625 K- pi+ pi+ pi0;  0.0156 K_S0 pi+;  0.0156 K_L0 pi+;  0.0736 K_S0 pi+ pi0;  0.0736 K_L0 pi+ pi0
            0.031 K_S0 pi+ pi+ pi-;  0.031 K_L0 pi+ pi+ pi-;  0.044 K_S0 e+ nu_e;  0.044 K_L0 e+ nu_e;  0.0438 K_S0 mu+ nu_mu
            0.0438 K_L0 mu+ nu_mu;  0.04 K- pi+ e+ nu_e;  0.0365 K- pi+ mu+ nu_mu;  0.0033 pi+ pi+ pi-;  0.0097 K+ K- pi+
D_s+:       0.0537 K+ K- pi+;  0.055 K+ K- pi+ pi0;  0.024 K+ K- e+ nu_e;  0.024 K+ K- mu+ nu_mu;  0.0145 K_S0 K+;  0.0145 K_L0 K+
            0.0054 mu+ nu_mu;  0.0109 pi+ pi+ pi-;  0.1 pi+ pi+ pi- pi0;  0.1 pi+ pi0 pi0 pi0;  0.024 eta e+ nu_e;  0.024 eta mu+ nu_mu
            0.09 eta pi+ pi0
Lambda_c+:  0.0624 p+ K- pi+;  0.045 p+ K- pi+ pi0;  0.0159 p+ K_S0;  0.0159 p+ K_L0;  0.016 p+ K_S0 pi+ pi-;  0.016 p+ K_L0 pi+ pi-
            0.0129 Lambda0 pi+;  0.07 Lambda0 pi+ pi0;  0.0361 Lambda0 pi+ pi+ pi-;  0.0356 Lambda0 e+ nu_e;  0.0348 Lambda0 mu+ nu_mu
            0.0447 Sigma+ pi+ pi-;  0.018 n0 K_S0 pi+;  0.018 n0 K_L0 pi+;  0.045 n0 K- pi+ pi+
B+:         0.092 anti-D0 e+ nu_e;  0.092 anti-D0 mu+ nu_mu;  0.012 D- pi+ e+ nu_e;  0.012 D- pi+ mu+ nu_mu;  0.01 anti-D0 pi+
            0.03 anti-D0 pi+ pi0;  0.22 anti-D0 pi+ pi+ pi-;  0.25 anti-D0 pi+ pi+ pi- pi0;  0.02 anti-D0 pi+ pi0 pi0
            0.06 D- pi+ pi+ pi0;  0.14 D- pi+ pi+ pi+ pi-;  0.08 anti-D0 D_s+;  0.05 anti-D0 D0 K+;  0.03 anti-D0 K+ pi+ pi-
            0.01 J/psi K+
B0:         0.05 D- e+ nu_e;  0.05 D- mu+ nu_mu;  0.053 anti-D0 pi- e+ nu_e;  0.053 anti-D0 pi- mu+ nu_mu;  0.01 D- pi+
            0.03 D- pi+ pi0;  0.14 D- pi+ pi+ pi-;  0.15 D- pi+ pi+ pi- pi0;  0.1 anti-D0 pi+ pi- pi0;  0.3 anti-D0 pi+ pi- pi+ pi-
            0.07 D- D_s+;  0.05 D- D0 K+;  0.03 D- K+ pi0;  0.01 J/psi K+ pi-
B_s0:       0.096 D_s- e+ nu_e;  0.096 D_s- mu+ nu_mu;  0.01 D_s- pi+;  0.05 D_s- pi+ pi0;  0.15 D_s- pi+ pi+ pi-
            0.3 D_s- pi+ pi+ pi- pi0;  0.1 D_s- D_s+;  0.05 anti-D0 K- pi+;  0.01 J/psi K+ K-
Lambda_b0:  0.104 Lambda_c+ e- anti-nu_e;  0.104 Lambda_c+ mu- anti-nu_mu;  0.01 Lambda_c+ pi-;  0.05 Lambda_c+ pi- pi0
            0.15 Lambda_c+ pi- pi- pi+;  0.3 Lambda_c+ pi- pi- pi+ pi0;  0.05 Lambda_c+ D_s-;  0.05 D0 p+ pi-;  0.002 J/psi p+ K-
"""
MOST_BODIES = 5


class Channels(NamedTuple):
    """All channels, one a row: whose, summed fraction up to it, how many bodies, and which (0 is none)."""

    mother: npt.NDArray[np.int64]
    summed: npt.NDArray[np.float64]
    bodies: npt.NDArray[np.int64]
    daughters: npt.NDArray[np.int64]


@functools.cache
def channels() -> Channels:
    """Sorted by the mother's number, from which ``summed`` rises to the next: one search finds a channel for each particle."""
    rows: list[tuple[int, float, list[int]]] = []
    for mother, found in sorted(_read().items()):
        shares = np.cumsum([share for share, _ in found])
        rows += [(mother, mother + total / shares[-1], daughters) for total, (_, daughters) in zip(shares, found, strict=True)]
    padded = np.array([daughters + [0] * (MOST_BODIES - len(daughters)) for _, _, daughters in rows])
    mothers, summed = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    return Channels(mothers, summed, (padded != 0).sum(axis=1), padded)


def _read() -> dict[int, list[tuple[float, list[int]]]]:
    found: dict[int, list[tuple[float, list[int]]]] = {}
    for line in _TEXT.strip().splitlines():
        head, _, rest = line.rpartition(": ")
        if head:
            current = found.setdefault(number_of(head.strip()), [])
        for entry in rest.split(";"):
            share, *names = entry.split()
            current.append((float(share), [number_of(name) for name in names]))
    return found
