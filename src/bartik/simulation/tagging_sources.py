"""Where the charged tracks around a signal B come from, and how each kind looks: densities known in closed form.

Every source gives a Poisson number of tracks whose quantities are drawn independently: logarithm of the transverse momentum, pseudorapidity
and azimuth relative to the signal, logarithm of the impact parameter's significance, four differences of log-likelihoods of particle
identification. All tracks of an event are then one Poisson process, and the density of an event is known exactly.

The rates are chosen so that single taggers and their sum have about the tagging power of those of LHCb (a few per cent); shapes are
rounded from what the toy detector of `bartik.simulation.response` gives, not fitted to data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ruler = Literal["none", "signal", "opposite", "vertex"]
"""What decides the charge of a track: nothing; the signal's flavour; that of the opposite side's hadron where it decays; the same, seen
through the charge of its vertex, which a neutral hadron does not have."""

PARTICLES = ("pion", "kaon", "proton", "electron", "muon")
IDENTITY_MEAN = np.array(  # of DLL(e), DLL(mu), DLL(K), DLL(p), each against the pion, by particle
    [[-3.0, -3.0, -8.0, -8.0], [-3.0, -3.5, 8.0, 0.0], [-3.5, -4.0, 2.0, 9.0], [4.0, -3.5, -4.0, -5.0], [-3.0, 3.5, -6.0, -6.0]]
)
IDENTITY_SPREAD = np.array([2.0, 2.2, 7.0, 7.0])


@dataclass(frozen=True)
class Look:
    """How the tracks of a source look: means and spreads; azimuth by a von Mises density around ``angle`` of this ``focus``."""

    pt: tuple[float, float]
    """Of the logarithm of the transverse momentum in GeV, for a signal of 8 GeV."""
    eta: float
    """Spread of the difference in pseudorapidity."""
    angle: float
    focus: float
    significance: tuple[float, float]
    """Of the logarithm of the impact parameter's significance."""
    follows: float = 0.0
    """How much the logarithm of the transverse momentum grows with that of the signal."""


@dataclass(frozen=True)
class Source:
    """``rate`` tracks of a ``particle``, charged as ``ruler`` says with probability ``right`` (times ``sign``)."""

    name: str
    particle: str
    rate: float
    look: Look
    ruler: Ruler = "none"
    sign: int = 1
    right: float = 0.5

    @property
    def origin(self) -> int:
        """Place in `ORIGINS`."""
        return ORIGINS.index(self.name) if self.name in ORIGINS else -1

    @property
    def number(self) -> int:
        """Place of its particle in `PARTICLES`."""
        return PARTICLES.index(self.particle)


PROMPT = Look((-0.55, 0.55), 1.3, 0.0, 0.0, (0.0, 0.55))
STRANGE = Look((-0.5, 0.55), 1.3, 0.0, 0.0, (2.0, 0.9))
NEAR = Look((0.0, 0.55), 0.45, 0.0, 6.0, (0.0, 0.55), follows=0.4)
LEPTON = Look((0.75, 0.55), 1.1, np.pi, 1.2, (2.2, 0.8))
CASCADE = Look((0.3, 0.5), 1.1, np.pi, 1.2, (2.3, 0.8))
BEAUTY = Look((0.25, 0.6), 1.1, np.pi, 1.2, (2.2, 0.8))

UNDERLYING = tuple(  # rates for one proton-proton collision
    Source(f"underlying {particle}", particle, rate, PROMPT)
    for particle, rate in (("pion", 4.2), ("kaon", 0.55), ("proton", 0.32), ("electron", 0.12), ("muon", 0.04))
)
STRANGE_DECAYS = (Source("strange pion", "pion", 0.35, STRANGE), Source("strange proton", "proton", 0.07, STRANGE))
OPPOSITE = (  # of a hadron in the acceptance
    Source("muon", "muon", 0.20, LEPTON, "opposite", -1, 1.0),
    Source("muon of charm", "muon", 0.13, CASCADE, "opposite", 1, 1.0),
    Source("electron", "electron", 0.13, LEPTON, "opposite", -1, 1.0),
    Source("electron of charm", "electron", 0.09, CASCADE, "opposite", 1, 1.0),
    Source("kaon", "kaon", 0.85, BEAUTY, "opposite", -1, 0.80),
    Source("vertex", "pion", 2.4, BEAUTY, "vertex", -1, 0.61),
)
"""b -> l-, b -> c -> l+, b -> c -> s K-: signs are those of a signal that holds an anti-b quark (flavour +1)."""


@dataclass(frozen=True)
class Signal:
    """A signal meson: lifetime in ps, oscillation frequency in 1/ps, and the tracks made with it."""

    lifetime: float
    frequency: float
    companions: tuple[Source, ...]


SIGNALS = {
    "B0": Signal(
        1.519,
        0.5065,
        (
            Source("companion pion", "pion", 0.50, NEAR, "signal", 1, 0.66),
            Source("companion proton", "proton", 0.10, NEAR, "signal", -1, 0.72),
            Source("companion kaon", "kaon", 0.04, NEAR, "signal", 1, 0.60),
            Source("fragmentation", "pion", 1.2, NEAR),
        ),
    ),
    "Bs": Signal(
        1.527,
        17.765,
        (
            Source("companion kaon", "kaon", 0.35, NEAR, "signal", 1, 0.75),
            Source("companion pion", "pion", 0.10, NEAR, "signal", 1, 0.52),
            Source("companion proton", "proton", 0.05, NEAR, "signal", -1, 0.55),
            Source("fragmentation", "pion", 1.2, NEAR),
        ),
    ),
}
"""Lifetimes and frequencies of the Particle Data Group; rates of the companions are chosen, see above."""

ORIGINS = ("companion pion", "companion kaon", "companion proton", *(source.name for source in OPPOSITE))
"""Sources that know a flavour, each by its place in this list; all others are -1."""


def log_density(source: Source, tracks: dict[str, Floats], signal_pt: Floats) -> Floats:
    """Logarithm of the density of the quantities of ``tracks`` [tracks], the charge left out; ``signal_pt`` [tracks] in GeV."""
    look = source.look
    found = _normal(tracks["log_pt"], look.pt[0] + look.follows * np.log(signal_pt / 8), look.pt[1])
    found += _normal(tracks["deta"], 0.0, look.eta) + _normal(tracks["log_significance"], *look.significance)
    found += look.focus * np.cos(tracks["dphi"] - look.angle) - np.log(2 * np.pi * np.i0(look.focus))
    for column, mean, spread in zip(tracks["identity"].T, IDENTITY_MEAN[source.number], IDENTITY_SPREAD, strict=True):
        found += _normal(column, mean, spread)
    return found


def draw(source: Source, signal_pt: Floats, random: np.random.Generator) -> dict[str, Floats]:
    """Quantities of one track for each entry of ``signal_pt`` [tracks], the charge left out."""
    look, count = source.look, len(signal_pt)
    return {
        "log_pt": random.normal(look.pt[0] + look.follows * np.log(signal_pt / 8), look.pt[1]),
        "deta": random.normal(0.0, look.eta, count),
        "dphi": random.vonmises(look.angle, look.focus, count) if look.focus else random.uniform(-np.pi, np.pi, count),
        "log_significance": random.normal(*look.significance, count),
        "identity": random.normal(IDENTITY_MEAN[source.number], IDENTITY_SPREAD, (count, 4)),
    }


def _normal(values: Floats, mean: Floats | float, spread: float) -> Floats:
    found: Floats = -0.5 * ((values - mean) / spread) ** 2 - np.log(spread * np.sqrt(2 * np.pi))
    return found
