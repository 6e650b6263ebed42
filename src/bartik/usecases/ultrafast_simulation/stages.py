"""Rows of each stage: what it knows, what it should say, made of the same particles by the full toy."""

from __future__ import annotations

import copy

import numpy as np

from bartik.core import SPLITS, Array, Config, Dataset, Split
from bartik.simulation.response import tracking
from bartik.simulation.response.identity import NO_MUON
from bartik.simulation.response.track_state import FLATTEST
from bartik.usecases.ultrafast_simulation import truth
from bartik.usecases.ultrafast_simulation.columns import COMBINED, COVARIANCE, DLL, MUON, QUALITY
from bartik.usecases.ultrafast_simulation.particles import Particles, identity_features, spectators, taught, track_features, with_class

_SHARE = {"train": 1.0, "validation": 0.2, "test": 0.5}
_LEAST = 300
_SMEARED = 0.03
"""Of a logarithm of a likelihood that is often exactly another, which no density can be."""
_EVENLY = (3.0, 5.0, 8.0, 12.0, 18.0, 26.0, 40.0, 60.0, 100.0)
_PARTICLES = {"acceptance": 1.0, "tracks": 2.2, "identity": 3.6, "evenly": 1.2, "muons": 16.0}
"""Particles that are drawn for one row. In learning ``evenly`` one is used several times, in judging none: rows are a third as many."""


def drawn_for(stage: str, split: Split, config: Config) -> tuple[np.random.Generator, Particles, int]:
    """A random generator, particles, and how many rows are wanted."""
    rows = max(_LEAST, int(_SHARE[split] * config.data.rows))
    return np.random.default_rng([config.data.seed, SPLITS.index(split)]), taught(split, config, int(rows * _PARTICLES[stage]) + 50), rows


def acceptance(split: Split, config: Config) -> Dataset:
    """Whether the trackers could see a particle."""
    _, particles, rows = drawn_for("acceptance", split, config)
    particles = particles.take(np.arange(min(rows, len(particles))))
    return _probabilities(split, track_features(particles), truth.possible(particles) > 0, particles)


def efficiency(split: Split, config: Config) -> Dataset:
    """As what a particle in the acceptance is reconstructed."""
    rng, particles, rows = drawn_for("tracks", split, config)
    best = truth.possible(particles)
    chosen = np.flatnonzero(best > 0)[:rows]
    particles = particles.take(chosen)
    return _probabilities(split, track_features(particles), truth.track_class(rng, particles, best[chosen]), particles)


def resolution(split: Split, config: Config) -> Dataset:
    """State and quality of tracks, as the flow has them.

    dz is across the track, the momentum relative, and degrees of freedom are spread around whole numbers.
    """
    rng, particles, kind = _tracks(split, config)
    measured = truth.residuals(rng, particles, kind)
    target = measured.copy()
    target[:, 2] *= np.maximum(np.sin(particles.theta), FLATTEST)
    target[:, 5] /= particles.p
    target[:, 7] += rng.uniform(-0.5, 0.5, len(target))
    names = [column.name for column in QUALITY]
    return _drawn(split, with_class(track_features(particles), kind), target, measured, names)


def covariance(split: Split, config: Config) -> Dataset:
    """The covariance of tracks of a given quality."""
    rng, particles, kind = _tracks(split, config)
    fit = truth.residuals(rng, particles, kind)[:, 6:]
    numbers = truth.covariance_numbers(rng, particles, kind, fit)
    features = np.concatenate([with_class(track_features(particles), kind), fit.astype(np.float32)], axis=1)
    return _drawn(split, features, numbers, truth.covariance(numbers), [column.name for column in COVARIANCE])


def is_muon(split: Split, config: Config) -> Dataset:
    """IsMuon of long tracks; to learn from half evenly in momentum, as few hadrons that are fast pass."""
    rng, particles, _ = _identified("evenly", split, config)
    return _probabilities(split, identity_features(particles), truth.is_muon(rng, particles), particles)


def rich(split: Split, config: Config, momenta: str = "identity") -> Dataset:
    """Likelihoods of the RICH, of tracks as they come, or to learn from half ``evenly`` in momentum."""
    rng, particles, _ = _identified(momenta, split, config)
    found = truth.dll(rng, particles)
    return _drawn(split, identity_features(particles), found, found, [column.name for column in DLL])


def muon(split: Split, config: Config) -> Dataset:
    """Likelihoods of tracks that pass isMuon; to learn from half evenly in momentum."""
    rng, particles, rows = _identified("muons", split, config)
    passing = np.flatnonzero(truth.is_muon(rng, particles))
    particles = particles.take(_often_enough(rng, split, particles, passing, rows))
    found = truth.muon_likelihoods(rng, particles, np.ones(len(particles), bool))
    return _drawn(split, identity_features(particles), found, found, [column.name for column in MUON])


def combined(split: Split, config: Config) -> Dataset:
    """What all detectors say: for the flows what calorimeters add, as electron and as muon rather than electron, and log odds."""
    rng, particles, _ = _identified("evenly", split, config)
    passes, rings = truth.is_muon(rng, particles), truth.dll(rng, particles)
    muons = truth.muon_likelihoods(rng, particles, passes)
    state = copy.deepcopy(rng)
    found = truth.combined(rng, particles, rings, passes, muons)
    likelihoods, odds = truth.combined_numbers(state, particles, rings, passes, muons)
    known = rings[:, :2] + np.where(passes, muons[:, 0] - muons[:, 1], NO_MUON)[:, np.newaxis] * [0, 1]
    electron, muon = (likelihoods[:, :2] - known).T
    numbers = np.column_stack([electron, muon - electron + _SMEARED * state.standard_normal(len(muon)), odds])
    features = np.column_stack([identity_features(particles), passes, rings, muons]).astype(np.float32)
    return _drawn(split, features, numbers, found, [column.name for column in COMBINED])


def _tracks(split: Split, config: Config) -> tuple[np.random.Generator, Particles, Array]:
    rng, particles, rows = drawn_for("tracks", split, config)
    kind = truth.track_class(rng, particles, truth.possible(particles))
    chosen = np.flatnonzero(kind > 0)[:rows]
    return rng, particles.take(chosen), kind[chosen]


def _identified(stage: str, split: Split, config: Config) -> tuple[np.random.Generator, Particles, int]:
    rng, particles, rows = drawn_for(stage, split, config)
    kind = np.where(truth.possible(particles) == tracking.LONG, tracking.LONG, tracking.NONE)
    chosen = np.flatnonzero(truth.identified(particles, kind))
    if stage == "evenly":
        chosen = _often_enough(rng, split, particles, chosen, rows)
    return rng, particles.take(chosen if stage == "muons" else chosen[:rows]), rows


def _often_enough(rng: np.random.Generator, split: Split, particles: Particles, chosen: Array, rows: int) -> Array:
    """So many of the chosen; to learn from, half of them as they come and half evenly in the logarithm of momentum.

    Few are fast, and a stage should be as good there. Particles are chosen several times, each time with random numbers of its own.
    """
    if split == "test" or len(chosen) < _LEAST:
        return chosen[:rows]
    place = np.digitize(np.log(particles.p[chosen]), np.log(_EVENLY))
    share = 1 / np.bincount(place)[place]
    half = rows // 2
    return rng.permutation(np.concatenate([rng.choice(chosen, rows - half), rng.choice(chosen, half, p=share / share.sum())]))


def _probabilities(split: Split, features: Array, target: Array, particles: Particles) -> Dataset:
    beside = spectators(split, len(features)) | {"p": particles.p}
    return Dataset({"features": features}, np.asarray(target, np.float32), spectators=beside, source=_source(len(features)))


def _drawn(split: Split, features: Array, target: Array, found: Array, names: list[str]) -> Dataset:
    rng = np.random.default_rng([SPLITS.index(split), len(features)])
    noise = (rng.integers(0, 2**23, target.shape) + 0.5).astype(np.float32) * np.float32(2.0**-23)
    beside = spectators(split, len(features)) | {"truth": found.astype(np.float32)}
    source = f"{_source(len(features))}: {', '.join(names)}"
    return Dataset({"features": features, "noise": noise}, target.astype(np.float32), spectators=beside, source=source)


def _source(rows: int) -> str:
    return f"the full toy, {rows} particles of parametric collisions"
