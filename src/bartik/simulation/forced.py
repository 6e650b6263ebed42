"""A decay that is asked for, in the place of that of a heavy hadron in the first collision of an event."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, UsageError
from bartik.simulation.decays import Chain, Decay, conjugated, decayed
from bartik.simulation.parametric_decays import Generation, with_daughters
from bartik.simulation.particles import values_of
from bartik.simulation.record import PARTICLES, EventSample, descends_from, is_beauty, is_charm, last_of

_QUARKS = {"bbbar": is_beauty, "ccbar": is_charm}


def check_forced(sample: str, wanted: Decay) -> None:
    """`UsageError` where no hadron of the ``sample`` can decay so."""
    if sample not in _QUARKS or not _QUARKS[sample](np.array([wanted.pdg]))[0]:
        raise UsageError(
            f"--sample {sample} has no hadron for a decay of particle number {abs(wanted.pdg)}",
            hint="--sample bbbar for beauty, ccbar for charm",
        )


def with_forced(rng: np.random.Generator, event: EventSample, sample: str, wanted: Decay) -> EventSample:
    """The ``event`` with the decay in the place of another.

    It is that of a hadron of the same kind where the first collision has one, else of another with the quark, which becomes one of that
    kind with the same momentum; so energy is conserved but for the difference of the masses. The decay is conjugated as the quark is.
    The time of the decay is drawn anew. Daughters that do not live and have no chain decay as the parametric generator's do.
    """
    chosen = _chosen(rng, event, _QUARKS[sample], abs(wanted.pdg))
    number = int(event.particles["pdg"][chosen])
    same = _quark_sign(number, rng) == _quark_sign(wanted.pdg, rng)
    found = decayed(rng, wanted if same else conjugated(wanted), *_state(event.particles, chosen))
    kept = ~descends_from(event, np.arange(len(event.mothers)) == chosen)
    old = _kept(event.particles, kept)
    place = int(kept[:chosen].sum())
    _become(old, place, found)
    rows = _chain_columns(rng, found, int(kept.sum()), place, int(old["collision"][place]))
    particles = {name: np.concatenate([old[name], rows[name]]).astype(kind) for name, kind in PARTICLES.items()}
    return EventSample(event.collisions, event.collision_offsets, particles, np.array([0, len(particles["pdg"])]), event.about)


def _chosen(rng: np.random.Generator, event: EventSample, has_quark: Callable[[Array], npt.NDArray[np.bool_]], number: int) -> int:
    pdg = event.particles["pdg"]
    hadrons = last_of(event, has_quark(pdg)) & (event.particles["collision"] == 0)
    alike = np.flatnonzero(hadrons & (np.abs(pdg) == number))
    return int(rng.choice(alike if len(alike) else np.flatnonzero(hadrons)))


def _quark_sign(number: int, rng: np.random.Generator) -> int:
    """1 for a hadron with the heavy quark, -1 for one with its antiquark, either for one with both (PDG, Monte Carlo numbering scheme)."""
    thousands, hundreds, tens = (abs(number) // 10**place % 10 for place in (3, 2, 1))
    if thousands:
        return int(np.sign(number))
    if hundreds == tens:
        return int(rng.choice([-1, 1]))
    return int(np.sign(number)) * (1 if hundreds % 2 == 0 else -1)


def _state(particles: Arrays, row: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Origin and momentum [1, 4]."""
    return (
        np.array([[particles[name][row] for name in ("x", "y", "z", "t")]]),
        np.array([[particles[name][row] for name in ("px", "py", "pz", "e")]]),
    )


def _kept(particles: Arrays, kept: npt.NDArray[np.bool_]) -> Arrays:
    """Columns of those ``kept``, of whom none has a mother that is not, with mothers counted among them."""
    place = np.append(np.cumsum(kept) - 1, -1)
    return {name: values[kept] for name, values in particles.items()} | {"mother": place[particles["mother"][kept]]}


def _become(particles: Arrays, row: int, chain: Chain) -> None:
    """The particle in this ``row`` is now the first of the ``chain``."""
    values: dict[str, float | bool] = {"pdg": int(chain.pdg[0]), "e": float(chain.momentum[0, 0, 3]), "final": False}
    values["charge"] = float(values_of(chain.pdg[:1], "charge")[0])
    for name, value in values.items():
        particles[name][row] = value


def _chain_columns(rng: np.random.Generator, chain: Chain, begin: int, head: int, collision: int) -> Arrays:
    """Columns of all but the first of the ``chain`` and of what comes from it, to stand from row ``begin``; ``head`` is the first's row."""
    inner = np.isin(np.arange(len(chain.pdg)), chain.mother)
    order = np.concatenate([np.flatnonzero(inner), np.flatnonzero(~inner)])[1:]
    row = np.full(len(chain.pdg), head)
    row[order] = begin + np.arange(len(order))
    leaves = order[~inner[order]]
    whole = with_daughters(rng, _generation(chain, leaves, collision))
    whole["mother"] = np.where(whole["mother"] >= 0, whole["mother"] + begin + len(order) - len(leaves), -1)
    whole["mother"][: len(leaves)] = row[chain.mother[leaves]]
    rows = _inner_columns(chain, order[inner[order]], row, collision)
    return {name: np.concatenate([rows[name], whole[name]]) for name in PARTICLES}


def _generation(chain: Chain, some: Array, collision: int) -> Generation:
    count = len(some)
    return Generation(chain.pdg[some], np.full(count, -1), np.full(count, collision), chain.origin[0, some], chain.momentum[0, some])


def _inner_columns(chain: Chain, some: Array, row: Array, collision: int) -> Arrays:
    columns = {"pdg": chain.pdg[some], "mother": row[chain.mother[some]], "charge": values_of(chain.pdg[some], "charge")}
    columns |= {"collision": np.full(len(some), collision), "final": np.zeros(len(some), bool)}
    columns |= {name: chain.origin[0, some, axis] for axis, name in enumerate("xyzt")}
    return columns | {name: chain.momentum[0, some, axis] for axis, name in enumerate(("px", "py", "pz", "e"))}
