"""Under which conditions collisions happen: named sets, one a data-taking period, so that models meet data that change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from bartik.core import UnknownNameError
from bartik.core.digest import digest_values


@dataclass(frozen=True)
class VeloState:
    """State of the vertex locator; lengths in mm."""

    efficiency: float = 0.998
    """Probability of a sensor to see a particle that crosses it."""
    noise: float = 8.0
    """Clusters of the electronics in an event, mean of a Poisson distribution, anywhere."""
    spill_over: float = 0.010
    """Share of the clusters of the crossing before that come so late that this one has them."""
    gap: float = 0.0
    """How far the halves are from where they are when closed, together; the positions of hits know of it."""
    misalignment: float = 0.0
    """Gaussian width of the modules' displacement along x and y; the positions of hits do not know of it."""
    alignment: int = 1
    """Seed of the displacements."""
    dead_modules: tuple[int, ...] = ()
    dead_sensors: tuple[int, ...] = ()
    """Of 208: sensor k of module m is 4 m + k."""


@dataclass(frozen=True)
class Conditions:
    """Beams, where they meet, and the state of the detector; lengths in mm."""

    name: str
    energy: float
    """Of both protons together, in GeV."""
    pile_up: float
    """Collisions of any kind in a crossing, mean of a Poisson distribution."""
    position: tuple[float, float, float]
    """Middle of the luminous region."""
    spread: tuple[float, float, float]
    """Its Gaussian widths."""
    elastic: float = 0.22
    """Share of collisions that only turn both protons a little: they leave nothing in the detector and are not in the record."""
    velo: VeloState = VeloState()

    @property
    def inelastic(self) -> float:
        """Inelastic collisions in a crossing, mean of a Poisson distribution."""
        return self.pile_up * (1 - self.elastic)

    @property
    def digest(self) -> str:
        """SHA-256 of all values."""
        return digest_values(asdict(self))


_RUN3 = Conditions("run3", energy=13600.0, pile_up=7.6, position=(0.0, 0.0, 0.0), spread=(0.04, 0.04, 63.0))

SETS: Mapping[str, Conditions] = {
    conditions.name: conditions
    for conditions in (
        _RUN3,
        replace(_RUN3, name="run3_low_pile_up", pile_up=4.4),
        replace(_RUN3, name="run3_moved", position=(0.35, -0.2, 15.0), spread=(0.045, 0.045, 52.0)),
        replace(_RUN3, name="run3_worn", velo=VeloState(efficiency=0.97, noise=60.0, dead_modules=(20,), dead_sensors=(75, 130, 131))),
        replace(_RUN3, name="run3_open", velo=VeloState(gap=6.0, misalignment=0.010)),
        replace(_RUN3, name="central", pile_up=26.0, position=(-0.5, -0.5, 0.0), spread=(0.01, 0.01, 42.0)),
    )
}
"""``run3``: 7.6 collisions and the width of the luminous region along the beam as PV-Finder's generator has them (arXiv:1906.08306), 22% of
them elastic (Pythia 8 at 13.6 TeV: 22.5 of 101.0 mb; TOTEM finds 28% at 13 TeV, EPJC 79 (2019) 103); across the beam as in LHCb's simulated
events of Run 3. ``run3_low_pile_up``: fewer collisions.
``run3_moved``: the luminous region off the beam line and shorter, which a model trained on ``run3`` has not seen. ``run3_worn``: a vertex
locator with less efficient sensors, more noise, a dead module and dead sensors. ``run3_open``: its halves 3 mm further
out each, its modules 10 um off their places. ``central``: twenty inelastic collisions,
the beams where they are in ACTS' example event."""


def conditions_of(name: str) -> Conditions:
    """The set of this name; an unknown one names the nearest."""
    if name not in SETS:
        raise UnknownNameError("set of conditions", name, SETS)
    return SETS[name]
