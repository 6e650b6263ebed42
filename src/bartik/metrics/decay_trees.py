"""Decay trees by their lowest common ancestors: from a tree to a matrix and back, and how well a tree was found.

The entry of two tracks is the generation of their lowest common ancestor, counted from below: 1 for one whose daughters are all tracks,
one more than the highest of its daughters otherwise; 0 where they have no ancestor in common, and on the diagonal (J. Kahn et al.,
arXiv:2208.14924; J. García Pardiñas et al., arXiv:2304.08610). Ancestors with one daughter left are not in the tree: nothing shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError

Indices = npt.NDArray[np.int64]
Groups = frozenset[frozenset[int]]
"""A tree by the tracks below each of its ancestors: two trees are the same where these are."""
PERFECT, WRONG_HIERARCHY, NOT_ISOLATED, PARTIAL = range(4)
CATEGORIES = ("perfect", "wrong hierarchy", "not isolated", "partial")
"""What became of a true decay: found with its hierarchy; all of its tracks and no other, but another hierarchy; all and others; not all."""


def lca_matrix(mothers: Array, leaves: Array) -> Indices:
    """Generations [leaves, leaves] of the lowest common ancestors, where ``mothers`` [nodes] says the mother of each node, -1 for none.

    `DataError` where following mothers never ends, or leads out of the event, or a leaf is a mother.

    A b hadron (0) to a charm hadron (1) and a pion (2), the charm hadron to two tracks (3, 4):

    >>> lca_matrix(np.array([-1, 0, 0, 1, 1]), np.array([2, 3, 4])).tolist()
    [[0, 2, 2], [2, 0, 1], [2, 1, 0]]
    """
    above = [ancestors(mothers, int(leaf)) for leaf in leaves]
    below: dict[int, set[int]] = {}
    for place, path in enumerate(above):
        for node in path:
            below.setdefault(node, set()).add(place)
    if set(np.asarray(leaves).tolist()) & below.keys():
        raise DataError("decay tree: a track is the mother of another", hint="only what did not decay is a track")
    return matrix_of({frozenset(group) for group in below.values() if len(group) > 1}, len(above))


def ancestors(mothers: Array, node: int) -> list[int]:
    """Nodes above a ``node``, the nearest first; `DataError` for a circle or a mother that does not exist."""
    path: list[int] = []
    current = int(mothers[node])
    while current >= 0:
        if current >= len(mothers) or len(path) > len(mothers):
            raise DataError(f"decay tree: mothers of particle {node} {_fault(current, len(mothers))}", hint="the record is damaged")
        path.append(current)
        current = int(mothers[current])
    return path


def matrix_of(groups: Iterable[frozenset[int]], count: int) -> Indices:
    """The matrix [count, count] of a tree by its groups."""
    found = np.zeros((count, count), np.int64)
    heights: dict[frozenset[int], int] = {}
    for group in sorted(set(groups), key=lambda one: (len(one), sorted(one))):
        heights[group] = 1 + max((height for other, height in heights.items() if other < group), default=0)
    for group in sorted(heights, key=len, reverse=True):
        rows = sorted(group)
        found[np.ix_(rows, rows)] = heights[group]
    np.fill_diagonal(found, 0)
    return found


def groups_of(matrix: Array) -> Groups:
    """The trees of a matrix, as the groups of tracks below each ancestor; `DataError` where no tree has such a matrix.

    >>> sorted(sorted(group) for group in groups_of(np.array([[0, 2, 2], [2, 0, 1], [2, 1, 0]])))
    [[0, 1, 2], [1, 2]]
    """
    values = np.asarray(matrix)
    if values.ndim != 2 or (values != values.T).any() or np.diagonal(values).any() or (values < 0).any():
        raise DataError("ancestors: wanted a symmetric matrix of generations from 0, with zeros on its diagonal")
    found: set[frozenset[int]] = set()
    for level in np.unique(values[values > 0]).tolist():
        joined = (values > 0) & (values <= level)
        for group in components(joined):
            rows = sorted(group)
            inside = joined[np.ix_(rows, rows)] | np.eye(len(rows), dtype=bool)
            if not inside.all():
                raise DataError(f"ancestors: tracks {rows} are one decay by some of their pairs and not by others", hint="it is no tree")
            found.add(group)
    return frozenset(found)


def components(joined: Array) -> list[frozenset[int]]:
    """Groups of two and more that a symmetric relation [n, n] joins, directly or through others."""
    left, found = set(np.flatnonzero(joined.any(axis=1)).tolist()), []
    while left:
        group, new = set[int](), {min(left)}
        while new:
            group |= new
            new = set(np.flatnonzero(joined[sorted(new)].any(axis=0)).tolist()) - group
        found.append(frozenset(group))
        left -= group
    return found


def mothers_of(groups: Iterable[frozenset[int]], count: int) -> Indices:
    """The tree as mothers [count + groups]: the tracks, then the ancestors from small to large; -1 for none."""
    ordered = sorted(set(groups), key=lambda one: (len(one), sorted(one)))
    nodes = [frozenset([leaf]) for leaf in range(count)] + ordered
    above = [[place for place in range(count, len(nodes)) if node < nodes[place]] for node in nodes]
    return np.array([places[0] if places else -1 for places in above], np.int64)


@dataclass(frozen=True)
class Outcome:
    """What became of a true decay: its category, the numbers of its tracks, of those found with it, and of both."""

    category: int
    tracks: int
    found: int
    common: int


def outcomes(true: Groups, found: Groups) -> list[Outcome]:
    """For each true decay, the largest group first, what the decay found that has most of its tracks is like."""
    tops = roots(found)
    return [_outcome(decay, true, tops, found) for decay in roots(true)]


def roots(groups: Groups) -> list[frozenset[int]]:
    """Whole decays: groups that are in no other, the largest first."""
    return sorted((one for one in groups if not any(one < other for other in groups)), key=lambda one: (-len(one), sorted(one)))


def inside(groups: Groups, decay: frozenset[int]) -> Groups:
    """The groups of one decay."""
    return frozenset(group for group in groups if group <= decay)


def _outcome(decay: frozenset[int], true: Groups, tops: Sequence[frozenset[int]], found: Groups) -> Outcome:
    best = max(tops, key=lambda top: (len(top & decay), -len(top)), default=frozenset[int]())
    common = len(best & decay)
    if common < len(decay):
        category = PARTIAL
    elif len(best) > len(decay):
        category = NOT_ISOLATED
    else:
        category = PERFECT if inside(true, decay) == inside(found, best) else WRONG_HIERARCHY
    return Outcome(category, len(decay), len(best) if common else 0, common)


def _fault(current: int, count: int) -> str:
    return "go round in a circle" if current < count else f"end at {current}, of {count} particles"
