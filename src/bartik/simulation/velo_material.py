"""Particles made in the material of the vertex locator: pairs by photons, hadrons by hadrons, electrons knocked on.

Pairs: Y.-S. Tsai, Rev. Mod. Phys. 46 (1974) 815, shares of the energy in the limit of full screening, angles as Geant 4 has them (Physics
Reference Manual, gamma conversion). Knock-on electrons: PDG, passage of particles through matter. Hadrons: a cascade of pions around the
direction of the first, with transverse momenta of 0.3 GeV, and protons knocked out of the nucleus at large angles; no nuclear model.
"""

from __future__ import annotations

import numpy as np

from bartik.core import Array
from bartik.simulation.counters import Keys, poisson, uniform, within
from bartik.simulation.velo_detector import SUBSTRATE, substrate_first
from bartik.simulation.velo_flight import Crossings
from bartik.simulation.velo_flyers import (
    CONVERSION,
    ELECTRON,
    INTERACTION,
    KNOCKED_ON,
    MASS,
    PHOTON,
    PION,
    PROTON,
    Flyers,
    born,
    together,
)

PIONS, PIONS_RISE, PROTONS = 1.5, 1.0, 2.0
"""Mean charged pions of an interaction, at rest and for each unit of ln(1 + p / GeV), and protons."""
_PT, _PROTON_P = 0.3, (0.2, 0.35)  # GeV
_KNOCKED = 1.67e-3  # GeV: electrons of more than T in a radiation length are this over T; 0.5 K Z/A of silicon times 21.8 g/cm2
_SLOWEST = 0.001  # GeV of kinetic energy of the electrons that are followed
_MASS = MASS[ELECTRON]


def secondaries(flyers: Flyers, crossings: Crossings) -> Flyers:
    """All that was made at ``crossings`` of ``flyers``, in the order of processes and crossings."""
    ended = crossings.chosen(crossings.last)
    photon = flyers.pdg[ended.flyer] == PHOTON
    charged = crossings.chosen((flyers.charge[crossings.flyer] != 0) & ~crossings.last)
    return together(
        [_pairs(flyers, ended.chosen(photon)), _hadrons(flyers, ended.chosen(~photon)), _knocked(flyers, charged)],
    )


def _pairs(flyers: Flyers, at: Crossings) -> Flyers:
    """An electron and a positron for each photon."""
    keys = _keys(flyers, at)
    wanted = 2 * uniform(keys, 1) - 1
    share = np.where(uniform(keys, 2) < 6 / 7, (wanted + 1) / 2, (np.cbrt(wanted) + 1) / 2)
    phi, parts = 2 * np.pi * uniform(keys, 3), []
    for number, part in enumerate((share, 1 - share)):
        key = within(keys, number)
        energy = at.p * part
        slope = np.where(uniform(key, 1) < 0.25, 1 / 0.625, 1 / 1.875)
        angle = np.minimum(-np.log(uniform(key, 2) * uniform(key, 3)) * slope * _MASS / np.maximum(energy, _MASS), 1.0)
        p = np.sqrt(np.maximum(energy**2 - _MASS**2, 0))
        momentum = _turned(_directions(at, flyers), np.cos(angle), phi + np.pi * number) * p[:, np.newaxis]
        parts.append(
            born(flyers.chosen(at.flyer), key, CONVERSION, np.full(len(at), (1 - 2 * number) * ELECTRON), momentum, _where(at, flyers))
        )
    return together(parts)


def _knocked(flyers: Flyers, at: Crossings) -> Flyers:
    """Electrons that charged particles knock out of the material, from 1 MeV on: their number falls with the square of their energy."""
    keys = _keys(flyers, at)
    mass, p = flyers.mass[at.flyer], at.p
    highest = 2 * _MASS * (p / mass) ** 2 / (1 + 2 * _MASS / mass * np.hypot(p / mass, 1) + (_MASS / mass) ** 2)
    speed = p / np.hypot(p, mass)
    mean = _KNOCKED * at.material / speed**2 * (1 / _SLOWEST - 1 / np.maximum(highest, _SLOWEST))
    chosen = np.flatnonzero(uniform(keys, 5) < mean)
    at, keys, highest = at.chosen(chosen), keys[chosen], highest[chosen]
    energy = 1 / (1 / _SLOWEST - uniform(keys, 6) * (1 / _SLOWEST - 1 / highest))
    knocked = np.sqrt(energy**2 + 2 * _MASS * energy)
    cosine = np.minimum(np.sqrt(energy / highest * (highest + 2 * _MASS) / (energy + 2 * _MASS)), 1)
    momentum = _turned(_directions(at, flyers), cosine, 2 * np.pi * uniform(keys, 7)) * knocked[:, np.newaxis]
    return born(flyers.chosen(at.flyer), within(keys, 7), KNOCKED_ON, np.full(len(at), ELECTRON), momentum, _where(at, flyers))


def _hadrons(flyers: Flyers, at: Crossings) -> Flyers:
    """Pions of both charges, photons of neutral ones, and protons."""
    keys = _keys(flyers, at)
    pions = poisson(keys, PIONS + PIONS_RISE * np.log1p(at.p), 8)
    photons, protons = 2 * poisson(keys, 0.5 * pions.astype(np.float64), 9), poisson(keys, np.full(len(at), PROTONS), 10)
    mother, kind = np.concatenate([np.repeat(np.arange(len(at)), n) for n in (pions, photons, protons)]), _kinds(pions, photons, protons)
    key = within(keys[mother], np.arange(len(mother)) - _starts(mother, kind))
    key = within(key, kind)
    pdg = np.where(kind == PION, np.where(uniform(key, 1) < 0.5, PION, -PION), kind)
    share = -np.log(uniform(key, 2)) * np.where(kind == PHOTON, 0.5, 1.0)
    shares = np.bincount(mother, share, len(at))[mother]
    along = at.p[mother] * share / np.maximum(shares, 1)
    across = -_PT / 2 * np.log(uniform(key, 3) * uniform(key, 4)) * np.where(kind == PHOTON, 0.5, 1.0)
    slow = _PROTON_P[0] - _PROTON_P[1] * np.log(uniform(key, 5))
    p = np.where(kind == PROTON, slow, np.hypot(along, across))
    cosine = np.where(kind == PROTON, 1.3 * uniform(key, 6) - 0.3, along / p)
    momentum = _turned(_directions(at, flyers)[mother], cosine, 2 * np.pi * uniform(key, 7)) * p[:, np.newaxis]
    return born(flyers.chosen(at.flyer[mother]), key, INTERACTION, pdg, momentum, _where(at, flyers)[mother])


def _kinds(pions: Array, photons: Array, protons: Array) -> Array:
    return np.repeat([PION, PHOTON, PROTON], [int(pions.sum()), int(photons.sum()), int(protons.sum())])


def _starts(mother: Array, kind: Array) -> Array:
    """For each entry the row where those of the same mother and kind begin."""
    new = np.append(True, (np.diff(mother) != 0) | (np.diff(kind) != 0))[: len(mother)]
    return np.asarray(np.flatnonzero(new)[np.cumsum(new) - 1])


def _keys(flyers: Flyers, at: Crossings) -> Keys:
    return within(within(flyers.key[at.flyer], at.plane), 99)


def _where(at: Crossings, flyers: Flyers) -> Array:
    """Places [crossings, 3] in the middle of a module's material, before or behind its sensor; in the foil where it was crossed."""
    before = substrate_first(at.sensor, flyers.sense[at.flyer])
    step = np.where(at.sensor < 0, 0.0, np.where(before, -SUBSTRATE, SUBSTRATE)) * flyers.sense[at.flyer]
    return np.stack([at.x + at.tx * step, at.y + at.ty * step, at.z + step], axis=1)


def _directions(at: Crossings, flyers: Flyers) -> Array:
    """Unit vectors [crossings, 3] along the flight."""
    along = flyers.sense[at.flyer] / np.sqrt(1 + at.tx**2 + at.ty**2)
    return np.stack([at.tx * along, at.ty * along, along], axis=1)


def _turned(direction: Array, cosine: Array, phi: Array) -> Array:
    """Unit vectors [particles, 3] at an angle to ``direction`` with this ``cosine``, at azimuth ``phi`` about it."""
    across = np.cross(direction, np.array([0.0, 1.0, 0.0]))
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    other = np.cross(direction, across)
    sine = np.sqrt(np.maximum(1 - cosine**2, 0))
    return np.asarray(
        cosine[:, np.newaxis] * direction + (sine * np.cos(phi))[:, np.newaxis] * across + (sine * np.sin(phi))[:, np.newaxis] * other
    )
