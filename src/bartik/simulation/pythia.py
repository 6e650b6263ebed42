"""Proton-proton collisions by Pythia 8: C. Bierlich et al., SciPost Phys. Codebases 8 (2022), arXiv:2203.11601.

A collision depends on its own seed alone: the random numbers begin anew for each, so that an event is the same whatever was
made before it, in whatever process. Beginning anew takes 0.06 ms, a collision some 2.5 ms.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pythia8mc

from bartik.core import Array, Arrays, BartikError
from bartik.simulation.conditions import Conditions
from bartik.simulation.particles import LIGHT
from bartik.simulation.record import PARTICLES, Indices, is_beauty, is_charm

_MOST_TRIES = 20_000
_SETTINGS = (
    "Print:quiet = on",
    "SoftQCD:inelastic = on",
    "Random:setSeed = on",
    "Random:seed = 1",
    "ParticleDecays:limitCylinder = on",  # what leaves the detector does not decay here: LHCb's reaches some 20 m along the beam
    "ParticleDecays:xyMax = 5000",
    "ParticleDecays:zMax = 20000",
)
SAMPLES: dict[str, Callable[[Array], npt.NDArray[np.bool_]] | None] = {"minbias": None, "bbbar": is_beauty, "ccbar": is_charm}
"""Hadrons that the first collision of an event must have made, by sample."""


def collision(conditions: Conditions, seed: int, sample: str = "minbias") -> Arrays:
    """Particles of one collision at the origin, mothers counted within it; the columns of the record but ``collision``.

    ``minbias`` is an inelastic collision, diffractive or not; ``bbbar`` and ``ccbar`` are the first of a row of such that has a hadron with
    the quark, which gives the kinematics and the other particles as nature would.
    """
    machine, wanted = _machine(conditions.energy), SAMPLES[sample]
    machine.rndm.init(1 + seed % 900_000_000)
    for _ in range(_MOST_TRIES):
        made = _particles(machine.nextBatch(1)[0])
        if wanted is None or wanted(made["pdg"]).any():
            return made
    raise BartikError(f"Pythia: no {sample} event in {_MOST_TRIES} collisions", hint="another --seed")


@functools.lru_cache(maxsize=2)
def _machine(energy: float) -> Any:
    """Some six seconds, once a process."""
    machine = pythia8mc.Pythia("", False)  # noqa: FBT003 - no banner; its own arguments have no names
    for setting in (*_SETTINGS, f"Beams:eCM = {energy}"):
        if not machine.readString(setting):
            raise BartikError(f"Pythia: does not know {setting!r}", hint="install the version that bartik[simulation] asks for")
    if not machine.init():
        raise BartikError("Pythia: could not be set up", hint=f"is an energy of {energy} GeV possible?")
    return machine


def _particles(event: Any) -> Arrays:
    """What is final, and the hadrons, leptons and photons that decayed (status 81 and more).

    The mother of each is the nearest of these above it.
    """
    rows = event.prt
    pdg, status = np.asarray(rows.id), np.asarray(rows.status)
    number = np.abs(pdg)
    matter = ((number > 100) & (number < 10**9)) | ((number >= 11) & (number <= 16)) | (number == 22)
    kept = (status > 0) | (matter & (np.asarray(rows.daughter1) > 0) & (status < -80))
    kept &= np.arange(len(pdg)) > 2  # the event as a whole and the two protons
    mother = _kept_mothers(np.asarray(rows.mother1), kept)
    vertex = rows.vProd
    columns = dict(_columns(rows, vertex, status))
    return {name: columns[name][kept].astype(kind) for name, kind in PARTICLES.items() if name in columns} | {
        "pdg": pdg[kept].astype("i4"),
        "mother": mother.astype("i4"),
        "charge": charges(pdg[kept]).astype("f4"),
    }


def _columns(rows: Any, vertex: Any, status: Array) -> Iterator[tuple[str, Array]]:
    import awkward  # noqa: PLC0415 - it comes with Pythia's own batches

    yield "final", status > 0
    for name in ("px", "py", "pz", "e"):
        yield name, np.asarray(rows.p[name])
    for name, part, scale in (("x", "px", 1.0), ("y", "py", 1.0), ("z", "pz", 1.0), ("t", "e", 1 / LIGHT)):
        yield name, np.asarray(awkward.fill_none(vertex[part], 0.0)) * scale


def _kept_mothers(mother: Indices, kept: npt.NDArray[np.bool_]) -> Indices:
    """For each that is kept the place among those kept of the nearest kept above it, -1 where there is none."""
    above = mother.astype(np.int64)
    while ((above > 0) & ~kept[above]).any():
        above = np.where((above > 0) & ~kept[above], mother[above], above)
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    return np.where(above > 0, place[above], -1)[kept]


def charges(pdg: Array) -> npt.NDArray[np.float64]:
    """Charge of each particle."""
    numbers, places = np.unique(pdg, return_inverse=True)
    return np.array([_charge(int(number)) for number in numbers])[places] if len(pdg) else np.zeros(0)


@functools.lru_cache(maxsize=4096)
def _charge(number: int) -> float:
    return float(_machine(13600.0).particleData.charge(number))
