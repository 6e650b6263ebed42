"""Under which conditions collisions happen: named sets, one a data-taking period, so that models meet data that change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from bartik.core import UnknownNameError
from bartik.core.digest import digest_values


@dataclass(frozen=True)
class Conditions:
    """Beams and where they meet; lengths in mm."""

    name: str
    energy: float
    """Of both protons together, in GeV."""
    pile_up: float
    """Inelastic collisions in a crossing, mean of a Poisson distribution."""
    position: tuple[float, float, float]
    """Middle of the luminous region."""
    spread: tuple[float, float, float]
    """Its Gaussian widths."""

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
    )
}
"""``run3``: 7.6 inelastic collisions, of which some 5.6 are visible, and the width of the luminous region along the beam, as PV-Finder's
generator has them (arXiv:1906.08306); across the beam as in LHCb's simulated events of Run 3. ``run3_low_pile_up``: fewer collisions.
``run3_moved``: the luminous region off the beam line and shorter, which a model trained on ``run3`` has not seen."""


def conditions_of(name: str) -> Conditions:
    """The set of this name; an unknown one names the nearest."""
    if name not in SETS:
        raise UnknownNameError("set of conditions", name, SETS)
    return SETS[name]
