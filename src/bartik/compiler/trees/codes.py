"""Features as bytes: a rank among all cuts on a feature, and from it, for a group of trees, codes of at most 255 cuts each.

A node then asks ``code > cut`` of two bytes, and the answer is that of the floats, exactly: where two numbers have the same
rank, no test of the model can tell them apart. A feature has a code for each way its tests treat a row without a number, and
one for each set of values that is tested for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bartik.compiler.trees.forest import Forest
from bartik.compiler.trees.keys import LOWEST
from bartik.core import Array

MOST_CUTS = 255
NEVER = 255
"""A cut that no code is above."""
_BLOCK = 16
_PADDING = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Ranks:
    """Cuts of every feature that is tested, in order: ``columns`` [used], and ``cuts``, one sorted array of keys for each."""

    columns: Array
    cuts: tuple[Array, ...]

    @property
    def levels(self) -> int:
        """Levels of a search among blocks of 16 cuts."""
        most = max((len(cuts) for cuts in self.cuts), default=0)
        return next(level for level in range(1, 8) if _BLOCK**level >= most)

    def search_tables(self) -> tuple[Array, Array]:
        """Where each feature's levels begin, [used, levels], and all blocks: the last of a block decides, one level up."""
        starts, parts, size = [], list[Array](), 0
        for cuts in self.cuts:
            found = [cuts]
            while len(found) < self.levels:
                found.append(found[-1][_BLOCK - 1 : -1 : _BLOCK])
            for level in reversed(found):
                starts.append(size)
                parts.append(np.pad(level, (0, max(_BLOCK, -(-len(level) // _BLOCK) * _BLOCK) - len(level)), constant_values=_PADDING))
                size += len(parts[-1])
        return np.array(starts, np.int32).reshape(len(self.cuts), self.levels), np.concatenate(parts).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Group:
    """Trees ``first`` to ``last`` and their codes.

    ``features`` [codes] are places in `Ranks.columns`; of a map, entry 0 is the code of no number, entry 1 + r that of rank r;
    a row fails a test where its code ``code`` [tests] is above ``cut`` [tests].
    """

    first: int
    last: int
    features: Array
    maps: tuple[Array, ...]
    code: Array
    cut: Array


def rank(forest: Forest) -> Ranks:
    """All ends of all intervals, by feature."""
    ends: dict[int, set[int]] = {}
    for test, (feature, *_) in enumerate(forest.tests.tolist()):
        found = ends.setdefault(feature, set())
        for above, up_to in forest.intervals(test):
            if above < up_to:
                found.update({above, up_to} - {LOWEST})
    columns = sorted(ends)
    return Ranks(np.array(columns, np.int32), tuple(np.array(sorted(ends[c]), np.int32) for c in columns))


def split(forest: Forest, tests_of_trees: Sequence[Array], most_codes: int) -> list[tuple[int, int, set[int]]]:
    """Groups of neighbouring trees, with their tests, that need at most 255 cuts a code and ``most_codes`` codes."""
    kinds = code_kinds(forest)
    found: list[tuple[int, int, set[int]]] = []
    first, tests, counts = 0, set[int](), Counter[tuple[int, int, int]]()
    for tree, ours in enumerate(tests_of_trees):
        more = set(ours.tolist()) - tests
        added = Counter(kinds[test] for test in more)
        full = any(counts[kind] + count > MOST_CUTS for kind, count in added.items()) or len(counts | added) > most_codes
        if tree > first and full:
            found.append((first, tree, tests))
            first, tests, counts = tree, set(), Counter()
            more, added = set(ours.tolist()), Counter(kinds[test] for test in ours.tolist())
        tests |= more
        counts += added
    return [*found, (first, len(tests_of_trees), tests)]


def code_kinds(forest: Forest) -> list[tuple[int, int, int]]:
    """For each test which code it needs: those of cuts on one feature share one, a set of values has its own."""
    return [
        (feature, missing, -1 if above == LOWEST and up_to != LOWEST and test not in forest.more else test)
        for test, (feature, above, up_to, missing) in enumerate(forest.tests.tolist())
    ]


def encode(forest: Forest, ranks: Ranks, first: int, last: int, tests: Iterable[int]) -> Group:
    """The codes of one group of trees."""
    kinds, members = code_kinds(forest), dict[tuple[int, int, int], list[int]]()
    for test in sorted(tests) or [0]:  # a table of nothing is none
        members.setdefault(kinds[test], []).append(test)
    place = {int(column): k for k, column in enumerate(ranks.columns)}
    code, cut = np.zeros(len(forest.tests), np.int64), np.full(len(forest.tests), NEVER, np.int64)
    features, maps = [], []
    for number, ((feature, missing, single), ours) in enumerate(members.items()):
        cuts = ranks.cuts[place[feature]]
        code[ours] = number
        if single < 0:
            ends = np.searchsorted(cuts, forest.tests[ours, 2])
            kept, cut[ours] = np.unique(ends, return_inverse=True)
            steps = np.searchsorted(kept, np.arange(len(cuts) + 1))
        else:
            cut[ours], kept = 0, np.zeros(1, np.int64)
            steps = 1 - _inside(forest, cuts, single)
        features.append(place[feature])
        maps.append(np.concatenate([[0 if missing else len(kept)], steps]).astype(np.uint8))
    return Group(first, last, np.array(features, np.int32), tuple(maps), code, cut)


def _inside(forest: Forest, cuts: Array, test: int) -> Array:
    """1 for the ranks that lie in an interval of ``test``."""
    ranks = np.arange(len(cuts) + 1)
    found = np.zeros(len(ranks), np.int64)
    for above, up_to in forest.intervals(test):
        if above < up_to:
            start = 0 if above == LOWEST else np.searchsorted(cuts, above) + 1
            found |= (start <= ranks) & (ranks <= np.searchsorted(cuts, up_to))
    return found
