"""Events of a split: tracks and true vertices of the toy."""

from __future__ import annotations

import numpy as np

from bartik.core import SPLITS, Config, ConfigError, Split
from bartik.data.ellipsoids import ellipsoids
from bartik.data.vertex_event import VertexEvent
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.record import EventSample
from bartik.simulation.response.impact import impact_resolution
from bartik.simulation.velo_tracks import VeloTracks, velo_tracks

TRACKS = ("smeared", "exact")
ASSUMED_PT = 0.4
"""GeV: the vertex locator alone measures no momentum, so that every track is said to be known as one of this transverse momentum."""
_FAR = 1_000_000  # between the event numbers of splits


def events_of(split: Split, config: Config) -> list[VertexEvent]:
    """``config.data``: ``train``, ``validation``, ``test`` events of ``conditions``, by ``generator`` and ``seed``; ``tracks``."""
    options = config.data
    if options.tracks not in TRACKS:
        raise ConfigError(f"data.tracks: {options.tracks!r}", hint=f"there are {', '.join(TRACKS)}")
    if options[split] < 1:
        raise ConfigError(f"data.{split}: wanted one event or more, got {options[split]}")
    order = Order("minbias", conditions_of(options.conditions), options.seed, options.generator)
    first = _FAR * SPLITS.index(split)
    sample = make_events(order, options[split], first=first, progress=lambda _: None)
    rng = np.random.default_rng([options.seed, first, 7])
    tracks = velo_tracks(rng, sample, smeared=options.tracks == "smeared")
    return [_event(sample, tracks, place, first) for place in range(len(sample))]


def said(config: Config) -> str:
    """Where events come from, in words."""
    return f"{config.data.generator} generator, {config.data.conditions}, {config.data.tracks} Velo tracks"


def _event(sample: EventSample, tracks: VeloTracks, place: int, first: int) -> VertexEvent:
    rows = slice(tracks.offsets[place], tracks.offsets[place + 1])
    found = slice(sample.collision_offsets[place], sample.collision_offsets[place + 1])
    z = sample.collisions["z"][found].astype(np.float64)
    count = np.bincount(tracks.collision[rows][tracks.prompt[rows]], minlength=len(z))
    beam = np.array(conditions_of(sample.about["conditions"]).position[:2])
    steep = np.hypot(*tracks.way[rows, :2].T) > 1e-3
    way = tracks.way[rows][steep]
    sigma = np.full(len(way), impact_resolution(np.array(ASSUMED_PT)) / 1000)
    features = ellipsoids(tracks.point[rows][steep], way, sigma, beam)
    return VertexEvent(first + place, features, beam.astype(np.float32), z, count.astype(np.int64))
