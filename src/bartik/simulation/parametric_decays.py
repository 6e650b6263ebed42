"""Decays of all particles of the parametric generator, one generation at a time, as many at once as there are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays
from bartik.simulation.decay_table import channels
from bartik.simulation.particles import LIGHT, conjugate, values_of
from bartik.simulation.phase_space import Momenta, decay

_STABLE = 1000.0  # mm of mean proper flight: pions, kaons and muons decay in the detector, if at all (as in Pythia)
_ACROSS, _ALONG = 5000.0, 20_000.0  # mm: what leaves the detector has not decayed


class Generation(NamedTuple):
    """Particles: number, mother's place in all generations, collision, origin [n, 4] in mm and ns, momentum [n, 4] in GeV."""

    pdg: Array
    mother: Array
    collision: Array
    origin: Momenta
    momentum: Momenta


def with_daughters(rng: np.random.Generator, first: Generation) -> Arrays:
    """Columns of the record for the ``first`` generation and all that come from it."""
    parts, living, begin = [first], [], 0
    while len(parts[-1].pdg):
        daughters, decayed = _daughters(rng, parts[-1], begin)
        begin += len(decayed)
        living.append(~decayed)
        parts.append(daughters)
    whole = Generation(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    columns = {"pdg": whole.pdg, "mother": whole.mother, "collision": whole.collision, "charge": values_of(whole.pdg, "charge")}
    columns["final"] = np.concatenate([np.zeros(0, bool), *living])
    columns |= {name: whole.origin[:, axis] for axis, name in enumerate("xyzt")}
    return columns | {name: whole.momentum[:, axis] for axis, name in enumerate(("px", "py", "pz", "e"))}


def flown(rng: np.random.Generator, origin: Momenta, momentum: Momenta, pdg: Array) -> Momenta:
    """Where particles decay [n, 4], in mm and ns, after an exponential proper time."""
    proper = rng.exponential(values_of(pdg, "flight")) / np.maximum(values_of(pdg, "mass"), 1e-12)
    return np.asarray(origin + proper[:, np.newaxis] * momentum / np.array([1.0, 1.0, 1.0, LIGHT]))


def _daughters(rng: np.random.Generator, mothers: Generation, begin: int) -> tuple[Generation, npt.NDArray[np.bool_]]:
    """The next generation, and who of this one, whose places count from ``begin``, decayed to it."""
    table = channels()
    number = np.abs(mothers.pdg)
    place = np.searchsorted(table.summed, number + rng.random(len(number)) * (1 - 1e-9), side="right")
    place = np.minimum(place, len(table.mother) - 1)
    unstable = np.flatnonzero((table.mother[place] == number) & (values_of(number, "flight") < _STABLE))
    ends = flown(rng, mothers.origin[unstable], mothers.momentum[unstable], mothers.pdg[unstable])
    inside = (np.hypot(ends[:, 0], ends[:, 1]) < _ACROSS) & (np.abs(ends[:, 2]) < _ALONG)
    decayed = np.isin(np.arange(len(number)), unstable[inside])
    rows, ends, place = unstable[inside], ends[inside], place[unstable[inside]]
    parts = [_decayed(rng, mothers, rows[some], place[some], ends[some], begin) for some in _by_bodies(table.bodies[place])]
    return Generation(*(np.concatenate(column) for column in zip(*parts, strict=True))), decayed


def _by_bodies(bodies: Array) -> list[npt.NDArray[np.int64]]:
    return [np.flatnonzero(bodies == count) for count in (np.unique(bodies) if len(bodies) else [2])]


def _decayed(rng: np.random.Generator, mothers: Generation, rows: Array, place: Array, ends: Momenta, begin: int) -> Generation:
    """Daughters of the ``rows``, which all have the same number of them."""
    table = channels()
    bodies = int(table.bodies[place].max(initial=2))
    pdg = table.daughters[place, :bodies]
    pdg = np.where(mothers.pdg[rows, np.newaxis] > 0, pdg, conjugate(pdg))
    momenta = decay(rng, mothers.momentum[rows], values_of(mothers.pdg[rows], "mass"), values_of(pdg, "mass"))
    each = np.repeat(np.arange(len(rows)), bodies)
    return Generation(pdg.ravel(), begin + rows[each], mothers.collision[rows[each]], ends[each], momenta.reshape(-1, 4))
