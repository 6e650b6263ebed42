"""How well tracks are found, in LHCb's terms.

A track is *matched* to the particle that made most of its hits, if that made at least 70% of them; else it is a *ghost*. A
particle is found if a track is matched to it; further tracks matched to it are *clones*. As LHCb's track checker has it
(Allen: M. Aaij et al., Comput. Softw. Big Sci. 4 (2020) 7, section 4; the same in the validator of D. Campora's velopix).

Tracks and particles are lists of hits, one behind the other: those of track k are ``hits[offsets[k]:offsets[k + 1]]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Interval, UsageError
from bartik.metrics.efficiencies import efficiency
from bartik.metrics.resampling import bootstrap

PURITY = 0.7
"""Least share of a track's hits that one particle made."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Matches:
    """Tracks [tracks] and particles [particles] of one event.

    ``particle`` of each track, -1 for a ghost; ``purity``, the share of its hits that its likeliest particle made; ``completeness``, the
    share of that particle's hits it has. ``tracks`` matched to each particle.
    """

    particle: Indices
    purity: npt.NDArray[np.float64]
    completeness: npt.NDArray[np.float64]
    tracks: Indices


@dataclass(frozen=True)
class Performance:
    """Of one kind of particles: efficiency, clones per matched track, mean hit purity and hit efficiency of matched tracks."""

    efficiency: Interval
    clone_rate: Interval
    hit_purity: Interval
    hit_efficiency: Interval


def match_tracks(hits: Indices, offsets: Indices, truth_hits: Indices, truth_offsets: Indices) -> Matches:
    """Match the tracks of one event to its particles; a hit counts for every particle that made it.

    >>> found = match_tracks(np.array([0, 1, 2, 3, 8, 9]), np.array([0, 4, 6]), np.array([0, 1, 2, 5]), np.array([0, 4]))
    >>> found.particle.tolist(), found.purity.tolist(), found.tracks.tolist()
    ([0, -1], [0.75, 0.0], [1])
    """
    best, shared = _likeliest(hits, offsets, truth_hits, truth_offsets)
    purity = shared / np.maximum(np.diff(offsets), 1)
    made = np.append(np.diff(truth_offsets), 0)[best]
    particle = np.where(purity >= PURITY, best, -1)
    count = len(truth_offsets) - 1
    return Matches(particle, purity, shared / np.maximum(made, 1), np.bincount(particle[particle >= 0], minlength=count).astype(np.int64))


def ghost_rate(events: Sequence[Matches]) -> Interval:
    """Share of all tracks that are ghosts; the interval knows that the tracks of an event come together."""
    ghosts = np.concatenate([np.zeros(0, bool), *(event.particle < 0 for event in events)])
    if not ghosts.size:
        raise UsageError("ghost rate: no tracks", hint="are the events empty, or the cuts too tight?")
    return efficiency(ghosts, clusters=_event_of(events, [len(event.particle) for event in events]))


def performance(events: Sequence[Matches], wanted: Sequence[npt.NDArray[np.bool_]]) -> Performance:
    """Of the particles that are ``wanted``: a mask [particles] for each event."""
    masks = [np.asarray(mask, bool) for mask in wanted]
    if any(len(mask) != len(event.tracks) for mask, event in zip(masks, events, strict=True)):
        raise UsageError("performance: a mask has another length than there are particles in its event")
    times = np.concatenate([np.zeros(0, np.int64), *(event.tracks[mask] for event, mask in zip(events, masks, strict=True))])
    if not times.size:
        raise UsageError("performance: no particle of this kind in any event", hint="use more events, or another kind")
    clusters = _event_of(events, [int(mask.sum()) for mask in masks])
    mine = [_of(event, mask) for event, mask in zip(events, masks, strict=True)]
    return Performance(
        efficiency(times > 0, clusters=clusters),
        _share(np.maximum(times - 1, 0), times, clusters),
        _mean([event.purity[rows] for event, rows in zip(events, mine, strict=True)]),
        _mean([event.completeness[rows] for event, rows in zip(events, mine, strict=True)]),
    )


def efficiency_by(
    events: Sequence[Matches], wanted: Sequence[npt.NDArray[np.bool_]], values: Sequence[Array], edges: Sequence[float]
) -> Mapping[tuple[float, float], Interval]:
    """Efficiency in bins of a variable of the particles, ``values`` [particles] for each event; bins without particles are left out."""
    found: dict[tuple[float, float], Interval] = {}
    for low, high in pairwise(edges):
        masks = [mask & (value >= low) & (value < high) for mask, value in zip(wanted, values, strict=True)]
        if any(mask.any() for mask in masks):
            found[low, high] = performance(events, masks).efficiency
    return found


def _likeliest(hits: Indices, offsets: Indices, truth_hits: Indices, truth_offsets: Indices) -> tuple[Indices, Indices]:
    """The particle with most hits in each track (the first of equals, -1 where no hit has one), and how many these are."""
    count = 1 + max(int(hits.max(initial=-1)), int(truth_hits.max(initial=-1)))
    order = np.argsort(truth_hits, kind="stable")
    owners = np.repeat(np.arange(len(truth_offsets) - 1), np.diff(truth_offsets))[order]
    starts = np.searchsorted(truth_hits[order], np.arange(count + 1))
    several = np.diff(starts)[hits]
    track = np.repeat(np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)), several)
    within = np.arange(len(track)) - np.repeat(np.cumsum(several) - several, several)
    pairs = np.stack([track, owners[np.repeat(starts[hits], several) + within]])
    (tracks, particles), votes = np.unique(pairs, axis=1, return_counts=True)
    rising = np.lexsort((-particles, votes))
    best, most = np.full(len(offsets) - 1, -1), np.zeros(len(offsets) - 1, np.int64)
    best[tracks[rising]], most[tracks[rising]] = particles[rising], votes[rising]
    return best, most


def _of(event: Matches, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tracks matched to particles of the mask."""
    return np.asarray(np.append(mask, False)[event.particle], bool)


def _event_of(events: Sequence[Matches], counts: Sequence[int]) -> Indices:
    return np.repeat(np.arange(len(events)), counts)


def _share(part: Array, whole: Array, clusters: Indices) -> Interval:
    """Sum of ``part`` over sum of ``whole``, by row repeated as often as ``whole`` says."""
    if not whole.sum():
        return Interval(0.0, 0.0, 1.0)
    rows = np.repeat(np.arange(len(whole)), whole)
    first = np.cumsum(whole) - whole
    extra = np.arange(int(whole.sum())) - first[rows] < part[rows]
    return efficiency(extra, clusters=clusters[rows])


def _mean(values: Sequence[Array]) -> Interval:
    """Mean over all tracks, with events drawn anew for the interval."""
    kept = [array for array in values if len(array)]
    if not kept:
        return Interval(float("nan"), float("nan"), float("nan"))
    rows, clusters = np.concatenate(kept), np.repeat(np.arange(len(kept)), [len(array) for array in kept])
    return bootstrap(lambda drawn: float(drawn @ rows / max(drawn.sum(), 1.0)), clusters)
