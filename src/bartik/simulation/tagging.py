"""Toy events for flavour tagging: the tracks around a signal B meson, and the exact probability of its flavour given them.

A signal of flavour +1 (it was made as B0, with an anti-b quark) or -1 comes with tracks of the underlying event, companions of its own
fragmentation, and, where the other b hadron is in the acceptance, tracks of that one's decay; a neutral one may have oscillated before.
Given the state of the other hadron the tracks are a Poisson process of known intensity (`bartik.simulation.tagging_sources`), so that
the posterior probability of the flavour is a sum over four states: no tagger can do better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import DataError, UsageError
from bartik.simulation.tagging_sources import OPPOSITE, SIGNALS, STRANGE_DECAYS, UNDERLYING, Floats, Signal, Source, draw, log_density

RESOLUTION = 0.045
"""Of the decay time, in ps."""
OUT, CHARGED, NEUTRAL, MIXED = range(4)
"""States of the other hadron: outside the acceptance; charged; neutral, as it was made; neutral and oscillated."""
_ACCEPTED, _CHARGED, _OSCILLATED = 0.42, 0.45, 0.126 / 0.55
STATES = np.array([1 - _ACCEPTED, *(_ACCEPTED * np.array([_CHARGED, (1 - _CHARGED) * (1 - _OSCILLATED), (1 - _CHARGED) * _OSCILLATED]))])
"""Their probabilities; a share of 0.126 of all b hadrons oscillates (PDG), here all of them neutral."""
_COLLISIONS = 1.6
"""Mean number of collisions beside the signal's."""
_CHUNK = 200_000


@dataclass(frozen=True)
class TaggingEvents:
    """Signal candidates [candidates] and their tracks [tracks], which lie one candidate after the other, falling in transverse momentum.

    ``offsets`` [candidates + 1] say which tracks are a candidate's. Momenta in GeV, times in ps; ``identity`` [tracks, 4] is DLL(e),
    DLL(mu), DLL(K) and DLL(p) against the pion.
    """

    signal: str
    flavour: npt.NDArray[np.int64]
    """Where it was made."""
    decayed_as: npt.NDArray[np.int64]
    """Where it decayed."""
    time: Floats
    """Measured."""
    pt: Floats
    eta: Floats
    collisions: npt.NDArray[np.int64]
    state: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    charge: npt.NDArray[np.int64]
    origin: npt.NDArray[np.int64]
    """Place of the track's source in `bartik.simulation.tagging_sources.ORIGINS`, -1 for those without flavour."""
    tracks: dict[str, Floats]

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self.flavour)


def generate_tagging(candidates: int, seed: tuple[int, ...], signal: str = "B0") -> TaggingEvents:
    """So many signal candidates with their tracks; the same seed gives the same."""
    if candidates < 1:
        raise UsageError(f"candidates of the tagging toy: wanted 1 or more, got {candidates}")
    if signal not in SIGNALS:
        raise UsageError(f"signal {signal!r} of the tagging toy", hint=f"known: {', '.join(SIGNALS)}")
    random, kind = np.random.default_rng(seed), SIGNALS[signal]
    flavour = random.choice([-1, 1], candidates)
    true_time = random.exponential(kind.lifetime, candidates)
    mixed = random.random(candidates) < (1 - np.cos(kind.frequency * true_time)) / 2
    pt = 2 + random.gamma(2.0, 3.0, candidates)
    eta = random.uniform(2.0, 5.0, candidates)
    collisions = 1 + random.poisson(_COLLISIONS, candidates)
    state = random.choice(4, candidates, p=STATES)
    rulers = _rulers(flavour, state)
    parts = [_draw_source(source, rate, rulers, pt, random) for source, rate in _rates(kind, collisions, state)]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    owner, charge, origin = (drawn.pop(name) for name in ("owner", "charge", "origin"))
    order = np.lexsort((-drawn["log_pt"], owner))
    return TaggingEvents(
        signal=signal,
        flavour=flavour,
        decayed_as=np.where(mixed, -flavour, flavour),
        time=true_time + random.normal(0, RESOLUTION, candidates),
        pt=pt,
        eta=eta,
        collisions=collisions,
        state=state,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=candidates))]),
        charge=charge[order],
        origin=origin[order],
        tracks={name: values[order] for name, values in drawn.items()},
    )


def optimal_probability(events: TaggingEvents) -> Floats:
    """Probability [candidates] of flavour +1 given all that is measured of the tracks: the best any tagger can know."""
    if not len(events.offsets):
        raise DataError("tagging events without offsets: nothing to judge")
    chunks = np.array_split(np.arange(len(events)), max(1, len(events.charge) // _CHUNK))
    odds = np.concatenate([_log_odds(events, chunk) for chunk in chunks])
    return np.asarray(1 / (1 + np.exp(-odds)))


def _log_odds(events: TaggingEvents, candidates: npt.NDArray[np.int64]) -> Floats:
    """Of flavour +1 against -1, for neighbouring ``candidates``."""
    bounds = events.offsets[candidates[0] : candidates[-1] + 2]
    rows = slice(bounds[0], bounds[-1])
    owner = np.repeat(candidates, np.diff(bounds))
    charge = events.charge[rows]
    tracks = {name: values[rows] for name, values in events.tracks.items()}
    kind = SIGNALS[events.signal]
    density = {source.name: np.exp(log_density(source, tracks, events.pt[owner])) for source in _sources(kind)}
    found = {flavour: np.empty((len(candidates), len(STATES))) for flavour in (-1, 1)}
    for flavour, logs in found.items():
        for state in range(len(STATES)):
            everywhere = np.full(len(events), state)
            rulers = _rulers(np.full(len(events), flavour), everywhere)
            intensity, total = np.zeros(len(owner)), np.zeros(len(candidates))
            for source, rate in _rates(kind, events.collisions, everywhere):
                intensity += (rate[owner] * density[source.name]) * _charge_probability(source, rulers, owner, charge)
                total += rate[candidates]
            logs[:, state] = np.log(STATES[state]) - total + np.bincount(owner - candidates[0], np.log(intensity), len(candidates))
    return np.asarray(np.logaddexp.reduce(found[1], axis=1) - np.logaddexp.reduce(found[-1], axis=1))


def _rulers(flavour: npt.NDArray[np.int64], state: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
    """What decides charges, by candidate; 0 where nothing does."""
    opposite = np.where(state == MIXED, -flavour, flavour)
    return {"none": 0 * flavour, "signal": flavour, "opposite": opposite, "vertex": np.where(state == CHARGED, opposite, 0)}


def _sources(kind: Signal) -> tuple[Source, ...]:
    return (*UNDERLYING, *STRANGE_DECAYS, *kind.companions, *OPPOSITE)


def _rates(kind: Signal, collisions: npt.NDArray[np.int64], state: npt.NDArray[np.int64]) -> list[tuple[Source, Floats]]:
    """Mean number of tracks of each source, by candidate."""
    scale = {"underlying": collisions.astype(float), "opposite": (state != OUT).astype(float), "signal": np.ones(len(state))}
    groups = (("underlying", (*UNDERLYING, *STRANGE_DECAYS)), ("signal", kind.companions), ("opposite", OPPOSITE))
    return [(source, source.rate * scale[group]) for group, sources in groups for source in sources]


def _charge_probability(
    source: Source, rulers: dict[str, npt.NDArray[np.int64]], owner: npt.NDArray[np.int64], charge: npt.NDArray[np.int64]
) -> Floats:
    """Of the charge of each track, were it of this source."""
    ruler = rulers[source.ruler][owner]
    return np.where(ruler == 0, 0.5, np.where(charge == source.sign * ruler, source.right, 1 - source.right))


def _draw_source(
    source: Source, rate: Floats, rulers: dict[str, npt.NDArray[np.int64]], pt: Floats, random: np.random.Generator
) -> dict[str, npt.NDArray[np.generic]]:
    owner = np.repeat(np.arange(len(rate)), random.poisson(rate))
    ruler = rulers[source.ruler][owner]
    right = np.where(random.random(len(owner)) < source.right, 1, -1)
    charge = np.where(ruler == 0, random.choice([-1, 1], len(owner)), source.sign * ruler * right)
    return {"owner": owner, "charge": charge, "origin": np.full(len(owner), source.origin), **draw(source, pt[owner], random)}
