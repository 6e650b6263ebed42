"""From generations of pairs to decay trees: tracks are joined, the likeliest first, so that what comes out is always a tree.

A decay is made by average linkage: two groups become one where the mean probability over their pairs, to be of one b hadron, is the highest
and above ``join``; a pair that no network looked at counts as 0. Within a decay the same is done at each generation with the probability to
have a common ancestor of this generation or a lower one, among those pairs that were looked at, above one half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core import Array
from bartik.metrics.decay_trees import Groups, Indices, components

JOIN = 0.5
"""Where nobody chose another ``join``."""
LEAST = 0.05
"""Probability of a pair below which it cannot join two groups on its own."""


@dataclass(frozen=True)
class Found:
    """What was made of an event.

    How likely each track is of a b decay, ``keep`` [tracks]; pairs looked at [pairs, 2] and probabilities of their ``generations``
    [pairs, 4]; how likely each track is of each vertex, ``origin`` [tracks, vertices], where a network said so.
    """

    keep: Array
    pairs: Indices
    generations: Array
    origin: Array | None = None

    def decays(self, join: float) -> Groups:
        """Decays by the tracks below each ancestor."""
        return decays_of(self.pairs, self.generations, len(self.keep), join)

    def vertex_of(self, tracks: Array, vertices: Array) -> Indices:
        """The likeliest vertex [tracks] of each track, that which it passes most closely where no network said so; -1 without any."""
        if not len(vertices):
            return np.full(len(tracks), -1, np.int64)
        if self.origin is not None:
            return np.asarray(self.origin.argmax(axis=1), np.int64)
        return np.asarray(np.linalg.norm(tracks[:, np.newaxis, 6:9] - vertices[np.newaxis], axis=2).argmin(axis=1), np.int64)


def decays_of(pairs: Indices, generations: Array, count: int, join: float) -> Groups:
    """Groups of tracks below each ancestor, for probabilities [pairs, 4] of generations of some pairs of ``count`` tracks."""
    likely = 1.0 - generations[:, 0]
    near = np.zeros((count, count), bool)
    some = pairs[likely > LEAST]
    near[some[:, 0], some[:, 1]] = near[some[:, 1], some[:, 0]] = True
    found: set[frozenset[int]] = set()
    for island in components(near):
        rows = np.array(sorted(island))
        local = _local(rows, pairs, generations)
        for members in _linked(local[0].sum(axis=0), np.ones_like(local[1]), join, _singles(len(rows))):
            if len(members) > 1:
                found |= {frozenset(rows[sorted(group)].tolist()) for group in _tree(local, members)}
    return frozenset(found)


def _local(rows: Indices, pairs: Indices, generations: Array) -> tuple[Array, Array]:
    """Probabilities [3, rows, rows] of generations 1, 2, 3, and whether a pair was looked at [rows, rows]."""
    inside = np.isin(pairs, rows).all(axis=1)
    first, second = np.searchsorted(rows, pairs[inside]).T
    values, known = np.zeros((generations.shape[1] - 1, len(rows), len(rows))), np.zeros((len(rows), len(rows)))
    for one, other in ((first, second), (second, first)):
        values[:, one, other] = generations[inside, 1:].T
        known[one, other] = 1.0
    return values, known


def _tree(local: tuple[Array, Array], members: frozenset[int]) -> set[frozenset[int]]:
    """Groups within a decay, itself among them."""
    values, known = local
    total = np.maximum(values.sum(axis=0), 1e-9)
    groups = [frozenset([member]) for member in sorted(members)]
    found = {members}
    for level in range(1, len(values)):
        groups = _linked(values[:level].sum(axis=0) / total, known, 0.5, groups)
        found |= {group for group in groups if len(group) > 1}
    return found


def _linked(values: Array, weights: Array, least: float, groups: list[frozenset[int]]) -> list[frozenset[int]]:
    """Groups joined two by two, those of the highest mean of ``values`` [rows, rows] first, while it is above ``least``."""
    groups = list(groups)
    member = np.zeros((len(groups), len(values)))
    for place, group in enumerate(groups):
        member[place, sorted(group)] = 1.0
    total, number = member @ (values * weights) @ member.T, member @ weights @ member.T
    while len(groups) > 1:
        mean = np.where(number > 0, total / np.maximum(number, 1e-9), -1.0)
        np.fill_diagonal(mean, -1.0)
        one, other = sorted(divmod(int(mean.argmax()), len(groups)))
        if mean[one, other] <= least:
            break
        groups[one] |= groups.pop(other)
        for sums in (total, number):
            sums[one] += sums[other]
            sums[:, one] += sums[:, other]
        total, number = (np.delete(np.delete(sums, other, 0), other, 1) for sums in (total, number))
    return groups


def _singles(count: int) -> list[frozenset[int]]:
    return [frozenset([place]) for place in range(count)]
