"""Track candidates of an event from search by triplet, and which simulated particle each one is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError, UsageError
from bartik.data.velo import VeloEvent
from bartik.metrics import match_tracks
from bartik.usecases.triplet_search import FEWEST_HITS, search_by_triplet


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


def find_candidates(event: VeloEvent, max_scatter: float = 0.1, min_length: int = 4) -> Candidates:
    """Candidates of at least three hits in one event; hits from low to high module number.

    ``max_scatter`` bounds the squared distance in mm² between a hit and the line through the two before it, and ``min_length`` is the
    number of hits from which a track claims hits for itself. The defaults are those of the method; with a length of 3 no short track
    has to give way to a longer one, which finds some more particles and many more ghosts.
    """
    if max_scatter <= 0 or min_length < FEWEST_HITS:
        raise UsageError(
            f"search with scatter {max_scatter} and length {min_length}", hint=f"above 0 and at least {FEWEST_HITS} are wanted"
        )
    return candidates_from(search_by_triplet(event, max_scatter, min_length))


def candidates_from(tracks: Iterable[Sequence[int] | npt.NDArray[np.int64]]) -> Candidates:
    """Candidates from the hit indices of each track, in the order of their hits; tracks below three hits are dropped."""
    kept = sorted(sorted(track) for track in tracks if len(track) >= FEWEST_HITS)
    offsets = np.cumsum([0, *(len(track) for track in kept)], dtype=np.int64)
    return Candidates(offsets, np.concatenate([np.zeros(0, np.int64), *(np.asarray(track, np.int64) for track in kept)]))


def match(event: VeloEvent, candidates: Candidates) -> Match:
    """Which particle made at least 70% of the hits of each candidate; a hit counts for every particle that made it."""
    truth = event.truth
    if truth is None:
        raise DataError(f"{event.name}: no truth to match candidates to", hint="use simulated events")
    found = match_tracks(candidates.hits, candidates.offsets, truth.hits, truth.offsets)
    particle, purity = found.particle, found.purity
    p, eta = (np.where(particle >= 0, np.append(_column(event, name), np.nan)[particle], np.nan) for name in ("p", "eta"))
    return Match(particle, purity, p, eta)


def _column(event: VeloEvent, name: str) -> Array:
    particles = event.truth.particles if event.truth is not None else {}
    if name not in particles:
        raise DataError(f"{event.name}: no column {name!r} in montecarlo", hint="momentum p in MeV and pseudorapidity eta are wanted")
    return particles[name]
