"""From scored triplets to tracks, which may share hits (ETX4VELO, arXiv:2406.12869): chains of doublets, branching at elbows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bartik.core import Array
from bartik.usecases.velo_tracking.graph import Indices

FEWEST_HITS = 3
MOST_BRANCHES = 6
"""Tracks that one chain may split into: more are a knot, no decay."""


@dataclass(frozen=True)
class Cuts:
    """On the probabilities of triplets, and on hits shared by tracks.

    ``kept`` for a triplet; ``elbow`` for a second way to go on from a doublet, or to come to it; ``short`` for the triplet of a track of
    three hits; ``shared``, the share of a track's hits from which it is a clone of better ones.
    """

    kept: float
    elbow: float
    short: float
    shared: float


def build_tracks(first: Indices, second: Indices, one: Indices, other: Indices, scores: Array, cuts: Cuts) -> list[list[int]]:
    """Hits of each track, from small to large z, the longest track first.

    Doublet k joins hits ``first[k]`` and ``second[k]``; triplet t doublet ``one[t]`` and the one behind it, ``other[t]``, with the
    probability ``scores[t]``.
    """
    after = _links(one, other, scores, cuts)
    chains = [chain for start in _starts(after) for chain in _chains(start, after)]
    tracks = [([int(first[doublets[0]]), *second[doublets].tolist()], total) for doublets, total in chains]
    return _without_clones([track for track in tracks if len(track[0]) > FEWEST_HITS or track[1] >= cuts.short], cuts.shared)


def _links(one: Indices, other: Indices, scores: Array, cuts: Cuts) -> dict[int, list[tuple[int, float]]]:
    """Behind each doublet those it goes on to: the best that is still free, and all that are as good as sure."""
    kept = np.flatnonzero(scores >= cuts.kept)
    kept = kept[np.lexsort((other[kept], one[kept], -scores[kept]))]
    after: dict[int, list[tuple[int, float]]] = defaultdict(list)
    taken: set[int] = set()
    for before, behind, score in zip(one[kept].tolist(), other[kept].tolist(), scores[kept].tolist(), strict=True):
        if score >= cuts.elbow or not (after.get(before) or behind in taken):
            after[before].append((behind, score))
            taken.add(behind)
    return after


def _starts(after: dict[int, list[tuple[int, float]]]) -> list[int]:
    """Doublets that nothing goes on to."""
    behind = {doublet for links in after.values() for doublet, _ in links}
    return sorted(doublet for doublet in after if doublet not in behind)


def _chains(start: int, after: dict[int, list[tuple[int, float]]]) -> list[tuple[list[int], float]]:
    """Every way from a doublet to an end, the likeliest turn first, with the sum of its probabilities."""
    found: list[tuple[list[int], float]] = []
    open_: list[tuple[list[int], float]] = [([start], 0.0)]
    while open_ and len(found) < MOST_BRANCHES:
        doublets, total = open_.pop()
        links = after.get(doublets[-1], ())
        if not links:
            found.append((doublets, total))
        open_ += [([*doublets, behind], total + score) for behind, score in reversed(links)]
    return found


def _without_clones(tracks: Sequence[tuple[list[int], float]], shared: float) -> list[list[int]]:
    """Longest first, likeliest first; a track most of whose hits are in one or several before it is left out."""
    used: set[int] = set()
    kept: list[list[int]] = []
    for hits, _ in sorted(tracks, key=lambda track: (-len(track[0]), -track[1], track[0])):
        if len(used.intersection(hits)) < shared * len(hits):
            used.update(hits)
            kept.append(hits)
    return kept
