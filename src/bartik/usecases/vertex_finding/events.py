"""Events of a split: tracks and true vertices of the toy, of LHCb's vertex locator or of a central detector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import SPLITS, Array, Config, ConfigError, Split, UnknownNameError
from bartik.data.ellipsoids import from_perigees
from bartik.data.velo_event import MODULES, VeloEvent
from bartik.data.vertex_event import VertexEvent
from bartik.simulation.central_tracks import central_tracks
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.record import EventSample
from bartik.simulation.velo_tracks import velo_tracks
from bartik.usecases.vertex_finding.found import LEAST_ANGLE, as_features, found_tracks

TRACKS = ("smeared", "exact", "found")
"""As the vertex locator measures them; as they are; found in simulated hits by a search. Only ``lhcb`` has hits."""
_FAR = 1_000_000  # between the event numbers of splits


def events_of(split: Split, config: Config) -> list[VertexEvent]:
    """``config.data``: ``train``, ``validation``, ``test`` events of ``conditions``, by ``generator`` and ``seed``; ``tracks``."""
    options = config.data
    if options.tracks not in TRACKS:
        raise ConfigError(f"data.tracks: {options.tracks!r}", hint=f"there are {', '.join(TRACKS)}")
    if options.detector not in DETECTORS:
        raise UnknownNameError("detector", options.detector, DETECTORS)
    if options[split] < 1:
        raise ConfigError(f"data.{split}: wanted one event or more, got {options[split]}")
    if options.tracks == "found" and options.detector != "lhcb":
        raise ConfigError(f"data.tracks: 'found' for {options.detector}", hint="there are hits of lhcb's vertex locator alone")
    hits = options.tracks == "found"
    order = Order("minbias", conditions_of(options.conditions), options.seed, options.generator, hits=hits)
    first = _FAR * SPLITS.index(split)
    sample = make_events(order, options[split], first=first, progress=lambda _: None)
    rng = np.random.default_rng([options.seed, first, 7])
    beam = np.array(order.conditions.position[:2])
    seen = DETECTORS[options.detector](rng, sample, beam, smeared=options.tracks == "smeared")
    tracks = [_found(sample, place, beam) if hits else seen.of(place) for place in range(len(sample))]
    return [_event(first + place, sample, seen, place, tracks[place]) for place in range(len(sample))]


@dataclass(frozen=True)
class Seen:
    """Features of tracks [tracks, 9] of all events, their offsets, the collision each is from, whether it was born there; the beam line."""

    tracks: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64]
    collision: npt.NDArray[np.int64]
    prompt: npt.NDArray[np.bool_]
    beam: npt.NDArray[np.float32]

    def of(self, place: int) -> npt.NDArray[np.float32]:
        """Features of the tracks of one event."""
        return self.tracks[self.offsets[place] : self.offsets[place + 1]]


def said(config: Config) -> str:
    """Where events come from, in words."""
    return f"{config.data.generator} generator, {config.data.conditions}, {config.data.tracks} tracks of {config.data.detector}"


def _event(number: int, sample: EventSample, seen: Seen, place: int, tracks: npt.NDArray[np.float32]) -> VertexEvent:
    """One event; a vertex has as many tracks as are seen that were born there, whether or not they were found."""
    rows = slice(seen.offsets[place], seen.offsets[place + 1])
    found = slice(sample.collision_offsets[place], sample.collision_offsets[place + 1])
    z = sample.collisions["z"][found].astype(np.float64)
    count = np.bincount(seen.collision[rows][seen.prompt[rows]], minlength=len(z))
    return VertexEvent(number, tracks, seen.beam, z, count.astype(np.int64))


def _found(sample: EventSample, place: int, beam: Array) -> npt.NDArray[np.float32]:
    """Tracks of one event by a search in its hits."""
    assert sample.velo is not None  # noqa: S101 - made with hits
    record = sample.velo.between(place, place + 1)
    hit = record.tables["hit"]
    order = np.lexsort((hit["z"], hit["module"]))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(hit["module"], minlength=MODULES))])
    x, y, z = (hit[axis][order].astype(np.float64) for axis in "xyz")
    return found_tracks(VeloEvent(place, "toy", x, y, z, offsets), beam)


def _lhcb(rng: np.random.Generator, sample: EventSample, beam: Array, *, smeared: bool) -> Seen:
    """Tracks of the vertex locator."""
    tracks = velo_tracks(rng, sample, smeared=smeared)
    steep = np.hypot(*tracks.way[:, :2].T) > LEAST_ANGLE
    offsets = np.concatenate([[0], np.cumsum(steep)])[tracks.offsets]
    features = as_features(tracks.point, tracks.way, beam)
    return Seen(features, offsets, tracks.collision[steep], tracks.prompt[steep], beam.astype(np.float32))


def _atlas(rng: np.random.Generator, sample: EventSample, beam: Array, *, smeared: bool) -> Seen:
    """Tracks of a central detector, with what each knows of itself."""
    tracks = central_tracks(rng, sample, beam, smeared=smeared)
    features = from_perigees(tracks.d0, tracks.z0, tracks.phi, tracks.theta, tracks.sigma, beam)
    return Seen(features, tracks.offsets, tracks.collision, tracks.prompt, beam.astype(np.float32))


DETECTORS: dict[str, Callable[..., Seen]] = {"lhcb": _lhcb, "atlas": _atlas}
