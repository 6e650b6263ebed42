"""Tracks of a split from the toy. The splits have seeds of their own and share no track."""

from __future__ import annotations

import numpy as np

from bartik.core import SPLITS, Array, Arrays, Config, ConfigError, Dataset, Split
from bartik.simulation.calibration_channels import CHANNELS, SEEN
from bartik.simulation.identification import identified_tracks
from bartik.usecases.particle_identification.columns import NAMES

TRAINED = tuple(range(SEEN))
UNSEEN = tuple(range(SEEN, len(CHANNELS)))
"""Channels that a network learns from, and those that it meets only when it is judged."""
_SHARES = {"train": 1.0, "validation": 0.25, "test": 0.5}
_FIRST = {"train": 0, "validation": 10**9, "test": 2 * 10**9}
_LEAST = 600


def tracks_of(split: Split, config: Config, channels: tuple[int, ...] = TRAINED) -> Arrays:
    """``data.tracks`` tracks to train, a quarter of it to validate, half of it to test."""
    if config.data.tracks < 1:
        raise ConfigError(f"data.tracks: wanted 1 or more, got {config.data.tracks}")
    count = max(_LEAST, int(_SHARES[split] * config.data.tracks))
    seed = (config.data.seed, SPLITS.index(split), *(() if channels == TRAINED else channels))
    return identified_tracks(np.random.default_rng(seed), count, channels)


def features(tracks: Arrays) -> Array:
    """What the networks take, float32 [tracks, 14]."""
    return np.stack([tracks[name] for name in NAMES], axis=1).astype(np.float32)


def dataset(split: Split, config: Config, channels: tuple[int, ...] = TRAINED) -> Dataset:
    """Tracks of one split, with the number of the species as target."""
    tracks = tracks_of(split, config, channels)
    count = len(tracks["species"])
    spectators = {"event": _FIRST[split] + np.arange(count), "species": tracks["species"], "channel": tracks["channel"]}
    source = f"the toy's calibration channels ({count} tracks)"
    return Dataset({"features": features(tracks)}, tracks["species"].astype(np.float32), spectators=spectators, source=source)
