"""Track candidates of an event from search by triplet, and which simulated particle each one is.

The search is the ``velopix`` package's (D. Campora, N. Neufeld, A. Riscos Nunez, IPDPSW 2019): it joins hits of three modules whose kink
is small, follows them module by module, and keeps short tracks whose hits no longer track took.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from velopix.DetectorEvent import Event as _Event
from velopix.ReconstructionAlgorithms import SearchByTripletTrie as _Search

from bartik.core import Array, DataError, UsageError
from bartik.data.velo import VeloEvent
from bartik.simulation.velo_geometry import MODULE_Z

PURITY = 0.7
"""A candidate is real if one particle made at least this share of its hits."""
FEWEST_HITS = 3
_FAR = 1e6  # mm; a placeholder hit out there is in no track


@dataclass(frozen=True)
class Candidates:
    """Candidate k is made of the event's hits ``hits[offsets[k]:offsets[k + 1]]``."""

    offsets: npt.NDArray[np.int64]
    hits: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self.offsets) - 1

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Hits of each candidate."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """The candidate that each entry of ``hits`` belongs to."""
        return np.repeat(np.arange(len(self)), self.sizes)


@dataclass(frozen=True)
class Match:
    """Per candidate: row of its particle (-1: ghost), share of hits it made, its momentum in MeV and pseudorapidity (nan: ghost)."""

    particle: npt.NDArray[np.int64]
    purity: npt.NDArray[np.float64]
    p: npt.NDArray[np.float64]
    eta: npt.NDArray[np.float64]


def find_candidates(event: VeloEvent, max_scatter: float | None = None, min_length: int | None = None) -> Candidates:
    """Candidates of at least three hits in one event; hits from low to high module number.

    ``max_scatter`` bounds the kink of a triplet (sum of squared differences between extrapolation and hit over squared distance in z)
    and ``min_length`` is the number of hits from which a track claims its hits for itself; without them the search's own defaults
    hold. A looser search (0.1 and 3) finds more tracks and many more ghosts.

    The search breaks some ties at random: in about 3% of events a few of the short candidates differ from call to call.
    """
    if (max_scatter is not None and max_scatter <= 0) or (min_length is not None and min_length < FEWEST_HITS):
        raise UsageError(
            f"search with scatter {max_scatter} and length {min_length}", hint=f"above 0 and at least {FEWEST_HITS} are wanted"
        )
    search_input, original = _search_input(event)
    tracks = _Search(max_scatter=max_scatter, min_strong_track_length=min_length).solve(search_input)
    return candidates_from(_real_hits(tracks, original))


def candidates_from(tracks: Iterable[npt.NDArray[np.int64]]) -> Candidates:
    """Candidates from one array of hit indices a track, in the order of their hits; tracks below three hits are dropped."""
    kept = sorted((np.sort(track) for track in tracks if len(track) >= FEWEST_HITS), key=lambda hits: hits.tolist())
    offsets = np.cumsum([0, *(len(track) for track in kept)], dtype=np.int64)
    return Candidates(offsets, np.concatenate([np.zeros(0, np.int64), *kept]))


def match(event: VeloEvent, candidates: Candidates) -> Match:
    """Which particle made at least 70% of the hits of each candidate; a hit counts for every particle that made it."""
    truth = event.truth
    if truth is None:
        raise DataError(f"{event.name}: no truth to match candidates to", hint="use simulated events")
    particle, hits_made = _majority(candidates, *_particles_of(truth.hits, truth.offsets, len(event)))
    purity = hits_made / np.maximum(candidates.sizes, 1)
    particle = np.where(purity >= PURITY, particle, -1)
    values = (truth.particles.get(name, np.zeros(len(truth))) for name in ("p", "eta"))
    p, eta = (np.where(particle >= 0, np.append(column, np.nan)[particle], np.nan) for column in values)
    return Match(particle, purity, p, eta)


def _search_input(event: VeloEvent) -> tuple[Any, npt.NDArray[np.int64]]:
    """The event as the search wants it, and the original index of each of its hits.

    The search wants times, and at least one hit in every module: empty modules get one far away (original index -1).
    """
    sizes = np.diff(event.module_offsets)
    empty = np.flatnonzero(sizes == 0)
    places = event.module_offsets[empty]
    offsets = np.concatenate([[0], np.cumsum(np.maximum(sizes, 1))])
    away = _FAR * (1.0 + np.arange(len(empty)) ** 2)
    x, y = np.insert(event.x, places, away), np.insert(event.y, places, -away)
    z = np.insert(event.z, places, MODULE_Z[empty])
    fields = {"description": "", "montecarlo": {}, "module_prefix_sum": offsets.tolist(), "t": [0.0] * len(x)}
    fields |= {"x": x.tolist(), "y": y.tolist(), "z": z.tolist()}
    return _Event(fields), np.insert(np.arange(len(event)), places, -1)


def _real_hits(tracks: Iterable[Any], original: npt.NDArray[np.int64]) -> Iterable[npt.NDArray[np.int64]]:
    for track in tracks:
        hits = original[[hit.id for hit in track.hits]]
        yield hits[hits >= 0]


def _particles_of(hits: Array, offsets: Array, event_hits: int) -> tuple[Array, Array]:
    """Particles of each hit, as (offsets [event_hits + 1], particles)."""
    order = np.argsort(hits, kind="stable")
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[order]
    return np.searchsorted(hits[order], np.arange(event_hits + 1)), owners


def _majority(candidates: Candidates, offsets: Array, particles: Array) -> tuple[Array, Array]:
    """Particle with most hits in each candidate (the first of equals, -1 where no hit has one), and its number of hits."""
    counts = np.diff(offsets)[candidates.hits]
    track = np.repeat(candidates.owners, counts)
    within = np.arange(len(track)) - np.repeat(np.cumsum(counts) - counts, counts)
    pairs = np.stack([track, particles[np.repeat(offsets[candidates.hits], counts) + within]])
    (tracks, owners), votes = np.unique(pairs, axis=1, return_counts=True)
    order = np.lexsort((-owners, votes))
    best, most = np.full(len(candidates), -1), np.zeros(len(candidates), np.int64)
    best[tracks[order]], most[tracks[order]] = owners[order], votes[order]
    return best, most
