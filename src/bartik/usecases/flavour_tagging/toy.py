"""Candidates of a split from the toy, as the taggers take them. The splits have seeds of their own and share no candidate."""

from __future__ import annotations

import numpy as np

from bartik.core import SPLITS, Array, Arrays, Config, ConfigError, Split
from bartik.simulation.tagging import TaggingEvents, generate_tagging
from bartik.simulation.tagging_sources import ORIGINS
from bartik.usecases.flavour_tagging.columns import STEPS

_SHARES = {"train": 1.0, "validation": 0.25, "test": 0.5}
_FIRST = {"train": 0, "validation": 10**9, "test": 2 * 10**9}
_LEAST = 400


def events_of(split: Split, config: Config) -> TaggingEvents:
    """``data.candidates`` candidates to train, a quarter of it to validate and calibrate, half of it to test."""
    if config.data.candidates < 1:
        raise ConfigError(f"data.candidates: wanted 1 or more, got {config.data.candidates}")
    wanted = max(_LEAST, int(_SHARES[split] * config.data.candidates))
    return generate_tagging(wanted, (config.data.seed, SPLITS.index(split)), config.data.signal)


def source(events: TaggingEvents) -> str:
    """Where the candidates are from, in words."""
    return f"the tagging toy ({len(events)} {events.signal} candidates, {len(events.charge)} tracks)"


def candidates(events: TaggingEvents) -> Array:
    """What is known of each signal, float32 [candidates, 3]."""
    return np.stack([events.pt, events.eta, events.collisions], axis=1).astype(np.float32)


def tracks(events: TaggingEvents) -> Array:
    """All tracks, float32 [tracks, 9]."""
    known = events.tracks
    first = [events.charge, np.exp(known["log_pt"]), known["deta"], known["dphi"], np.exp(known["log_significance"])]
    return np.concatenate([np.stack(first, axis=1), known["identity"]], axis=1).astype(np.float32)


def owners(events: TaggingEvents) -> Array:
    """Which candidate each track belongs to, int64 [tracks]."""
    return np.repeat(np.arange(len(events)), np.diff(events.offsets))


def sequences(events: TaggingEvents) -> Array:
    """The tracks of largest transverse momentum of each candidate, rising in it, zeros before them, float32 [candidates, steps, 9]."""
    owner = owners(events)
    place = np.arange(len(owner)) - events.offsets[owner]
    kept = place < STEPS
    values = tracks(events)
    padded = np.zeros((len(events), STEPS, values.shape[1]), np.float32)
    padded[owner[kept], STEPS - 1 - place[kept]] = values[kept]
    return padded


def target(events: TaggingEvents) -> Array:
    """1 for flavour +1, 0 for -1, float32 [candidates]."""
    return (events.flavour > 0).astype(np.float32)


def target_and_origins(events: TaggingEvents) -> Array:
    """The target, and behind it how many tracks of each charge each source has made, float32 [candidates, 1 + 2 * origins]."""
    return np.concatenate([target(events)[:, np.newaxis], charges_by_origin(events)], axis=1)


def charges_by_origin(events: TaggingEvents) -> Array:
    """How many tracks of charge +1, and of -1, each source that knows a flavour has made, float32 [candidates, 2 * origins]."""
    known, kinds = events.origin >= 0, len(ORIGINS)
    column = events.origin[known] + kinds * (events.charge[known] < 0)
    place = owners(events)[known] * 2 * kinds + column
    return np.bincount(place, minlength=len(events) * 2 * kinds).reshape(-1, 2 * kinds).astype(np.float32)


def spectators(events: TaggingEvents, split: Split) -> Arrays:
    """Numbers of the candidates, the flavour they were made with and had when they decayed, their decay time in ps."""
    return {
        "event": _FIRST[split] + np.arange(len(events)),
        "flavour": events.flavour,
        "decayed_as": events.decayed_as,
        "time": events.time,
    }
