"""Decays that are asked for: chains written as physicists write them, made for many mothers at once by phase space.

``B+ -> (J/psi -> mu+ mu-) K+``: names are those of `bartik.simulation.particles`; what has a chain of its own stands in parentheses. A
decay and its conjugate are one. Spins and form factors are not in it: each step fills its phase space evenly, and only widths shape
masses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import UsageError
from bartik.simulation.parametric_decays import flown
from bartik.simulation.particles import TABLE, conjugate, number_of, values_of
from bartik.simulation.phase_space import Momenta, decay

_J_PSI, _PHI, _D0 = "(J/psi -> mu+ mu-)", "(phi -> K+ K-)", "(anti-D0 -> K+ pi-)"
NAMED: Mapping[str, str] = {
    "Bd_Kpi": "B0 -> K+ pi-",
    "Bd_KstMuMu": "B0 -> (K*0 -> K+ pi-) mu+ mu-",
    "Bd_JpsiKS": f"B0 -> {_J_PSI} (K_S0 -> pi+ pi-)",
    "Bd_DPi": "B0 -> (D- -> K+ pi- pi-) pi+",
    "Bd_DstMuNu": f"B0 -> (D*- -> {_D0} pi-) mu+ nu_mu",
    "Bu_JpsiK": f"B+ -> {_J_PSI} K+",
    "Bu_D0Pi": f"B+ -> {_D0} pi+",
    "Bs_PhiPhi": f"B_s0 -> {_PHI} {_PHI}",
    "Bs_JpsiPhi": f"B_s0 -> {_J_PSI} {_PHI}",
    "Bs_DsPi": "B_s0 -> (D_s- -> K+ K- pi-) pi+",
    "Bs_MuMu": "B_s0 -> mu+ mu-",
    "Lb_LcPi": "Lambda_b0 -> (Lambda_c+ -> p+ K- pi+) pi-",
    "Lb_LcMuNu": "Lambda_b0 -> (Lambda_c+ -> p+ K- pi+) mu- anti-nu_mu",
    "D0_Kpi": "D0 -> K- pi+",
    "Dst_D0Pi": "D*+ -> (D0 -> K- pi+) pi+",
    "Dp_Kpipi": "D+ -> K- pi+ pi+",
    "Ds_KKpi": "D_s+ -> K+ K- pi+",
    "Lc_pKpi": "Lambda_c+ -> p+ K- pi+",
}
"""Decays by the names that they are usually given."""
_WIDTHS = 5.0
"""Masses of resonances are kept within so many widths."""
_MARGIN = 1e-4  # GeV: so much lighter than their mother daughters are at the least


class Decay(NamedTuple):
    """A particle, and what it decays to; nothing where it is left alone."""

    pdg: int
    daughters: tuple[Decay, ...] = ()

    def nodes(self) -> Iterator[Decay]:
        """The particle and all below it, each before its daughters."""
        yield self
        for daughter in self.daughters:
            yield from daughter.nodes()


class Chain(NamedTuple):
    """Decays of one kind: of each particle its number and its mother's place [particles], -1 of the first; origins and momenta.

    ``origin`` [decays, particles, 4] in mm and ns, ``momentum`` [decays, particles, 4] in GeV.
    """

    pdg: npt.NDArray[np.int64]
    mother: npt.NDArray[np.int64]
    origin: Momenta
    momentum: Momenta


def decay_of(text: str) -> Decay:
    """The decay of this name, or written so; `UsageError` for what cannot be read, or does not conserve charge or energy.

    >>> decay_of("Bs_MuMu")
    Decay(pdg=531, daughters=(Decay(pdg=-13, daughters=()), Decay(pdg=13, daughters=())))
    """
    if "->" not in text and text not in NAMED:
        raise UsageError(f"unknown decay {text!r}", hint=f"known: {', '.join(NAMED)}; or write it: 'B0 -> K+ pi-'")
    words = re.findall(r"->|[()]|[^\s()]+", NAMED.get(text, text))
    found, rest = _read(words, text)
    if rest:
        raise UsageError(f"decay {text!r}: cannot read {' '.join(rest)!r}", hint="wanted for example 'B+ -> (J/psi -> mu+ mu-) K+'")
    for node in found.nodes():
        _check(node, text)
    return found


def decayed(rng: np.random.Generator, wanted: Decay, origin: Momenta, momentum: Momenta) -> Chain:
    """Chains from particles born at ``origin`` [decays, 4] with ``momentum`` [decays, 4], whose energy is taken from the mass."""
    nodes = list(wanted.nodes())
    masses = _masses(rng, wanted, len(momentum))
    origins, momenta = (np.empty((len(momentum), len(nodes), 4)) for _ in range(2))
    origins[:, 0], momenta[:, 0] = origin, momentum
    momenta[:, 0, 3] = np.sqrt((momentum[:, :3] ** 2).sum(axis=1) + masses[:, 0] ** 2)
    for place, below in enumerate(_places(nodes)):
        if below:
            numbers = np.full(len(momentum), nodes[place].pdg)
            origins[:, below] = flown(rng, origins[:, place], momenta[:, place], numbers)[:, np.newaxis]
            momenta[:, below] = decay(rng, momenta[:, place], masses[:, place], masses[:, below])
    mothers = np.full(len(nodes), -1)
    for place, below in enumerate(_places(nodes)):
        mothers[below] = place
    return Chain(np.array([node.pdg for node in nodes]), mothers, origins, momenta)


def conjugated(wanted: Decay) -> Decay:
    """The same decay of the antiparticle."""
    return Decay(int(conjugate(np.array(wanted.pdg))), tuple(map(conjugated, wanted.daughters)))


def _read(words: list[str], text: str) -> tuple[Decay, list[str]]:
    """A decay from the first of the ``words``, and those behind it."""
    if len(words) < 3 or words[1] != "->":
        raise UsageError(f"decay {text!r}: no particle, arrow and products", hint="wanted for example 'B0 -> K+ pi-'")
    head, rest, found = words[0], words[2:], []
    while rest and rest[0] != ")":
        if rest[0] == "(":
            inner, rest = _read(rest[1:], text)
            if not rest:
                raise UsageError(f"decay {text!r}: a parenthesis is not closed")
            found.append(inner)
        else:
            found.append(Decay(number_of(rest[0])))
        rest = rest[1:]
    return Decay(number_of(head), tuple(found)), rest


def _check(node: Decay, text: str) -> None:
    numbers = np.array([daughter.pdg for daughter in node.daughters])
    if not len(numbers):
        return
    names = {particle.pdg: name for name, particle in TABLE.items()}
    mother, of = np.array([node.pdg]), f"decay {text!r}: {names[abs(node.pdg)]}"
    if len(numbers) < 2 or values_of(numbers, "mass").sum() + _MARGIN > values_of(mother, "mass")[0]:
        raise UsageError(f"{of} cannot decay to this", hint="two particles or more, lighter than it together")
    if values_of(numbers, "charge").sum() != values_of(mother, "charge")[0]:
        raise UsageError(f"{of} has another charge than its daughters", hint="mu- is the particle, mu+ its antiparticle")


def _places(nodes: list[Decay]) -> list[list[int]]:
    """Places of the daughters of each of the ``nodes``."""
    found, sizes = [], [len(list(node.nodes())) for node in nodes]
    for place, node in enumerate(nodes):
        below, following = [], place + 1
        for _ in node.daughters:
            below.append(following)
            following += sizes[following]
        found.append(below)
    return found


def _masses(rng: np.random.Generator, wanted: Decay, count: int) -> Momenta:
    """Masses [decays, particles] in GeV: those of resonances by Breit and Wigner, drawn again until all decays are possible."""
    nodes = list(wanted.nodes())
    numbers = np.array([node.pdg for node in nodes])
    below = _places(nodes)
    found = np.tile(values_of(numbers, "mass"), (count, 1))
    missing = np.arange(count)
    while len(missing) and values_of(numbers, "width").any():
        reach = np.arctan(2 * _WIDTHS)
        shift = values_of(numbers, "width") / 2 * np.tan(rng.uniform(-reach, reach, (len(missing), len(nodes))))
        found[missing] = values_of(numbers, "mass") + shift
        free = np.stack([found[missing, place] - found[missing][:, some].sum(axis=1) for place, some in enumerate(below)], axis=1)
        missing = missing[(free[:, [bool(some) for some in below]] < _MARGIN).any(axis=1)]
    return found
