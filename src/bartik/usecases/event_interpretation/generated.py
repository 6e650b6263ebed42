"""One event of several collisions in a HepMC file as a record, so that it can be interpreted like the toy's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays
from bartik.data.hepmc import read_hepmc
from bartik.metrics.decay_trees import Indices
from bartik.simulation.particles import values_of
from bartik.simulation.record import COLLISIONS, PARTICLES, EventSample

_STABLE = (1, 999)
"""Status of what did not decay: HepMC's, and LHCb's for what EvtGen leaves alone."""


def sample_of_hepmc(path: Path) -> EventSample:
    """The collisions of a file as one event. Quarks and gluons are left out, what comes from them has no mother."""
    parts = [_collision(columns, number) for number, columns in enumerate(read_hepmc(path))]
    sizes = [len(part["pdg"]) for part in parts]
    begins = np.repeat(np.cumsum([0, *sizes])[:-1], sizes)
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    whole["mother"] = np.where(whole["mother"] >= 0, whole["mother"] + begins, -1)
    typed = {name: whole[name].astype(kind) for name, kind in PARTICLES.items()}
    first = [int(place) for place in np.cumsum([0, *sizes])[:-1]]
    collisions = {name: whole[name][first].astype("f8") for name in COLLISIONS}
    about = {"sample": path.name, "first event": "0"}
    return EventSample(collisions, np.array([0, len(parts)]), typed, np.array([0, sum(sizes)]), about)


def _collision(columns: Arrays, number: int) -> Arrays:
    matter = is_matter(columns["pdg"])
    above = columns["mother"]
    while ((above >= 0) & ~matter[above]).any():
        above = np.where((above >= 0) & ~matter[above], columns["mother"][above], above)
    place = np.append(np.cumsum(matter) - 1, -1)
    found = {name: values[matter] for name, values in columns.items()} | {"mother": place[above][matter]}
    found |= {"collision": np.full(int(matter.sum()), number), "final": np.isin(found["status"], _STABLE)}
    return found | {"charge": values_of(found["pdg"], "charge")}


def is_matter(pdg: Indices) -> Array:
    """Hadrons, leptons and photons, but not the two protons of the beams, which have no mother and come first."""
    number = np.abs(pdg)
    found = ((number > 100) & (number < 10**9) & (number // 10 % 10 > 0)) | ((number >= 11) & (number <= 16)) | (number == 22)
    return np.asarray(found & (number != 9902210))
