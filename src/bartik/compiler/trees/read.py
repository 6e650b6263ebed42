"""ONNX's tree ensembles, from the attributes of a node to a `Forest`. The attributes may be hostile: every index is looked at.

All comparisons become tests of intervals (`keys.py`), so that ``<``, ``<=``, ``>``, ``>=``, ``==``, ``!=``, sets of values and what they do
with no number are one thing from here on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bartik.compiler.trees.forest import NO_TEST, Aggregate, Forest
from bartik.compiler.trees.keys import LOWEST, before, cut_keys
from bartik.core import Array

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER")
"""In the order of their numbers in opset 5."""
_LEQ, _LT, _GTE, _GT, _EQ, _NEQ, _MEMBER = range(7)
MOST_VALUES = 1 << 26


class TreeError(ValueError):
    """What is wrong with the attributes, in words."""


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Nodes of all trees: ``mode`` (-1 at a leaf), children by place, and leaves' votes: ``voter`` (a node), ``target``, ``weight``."""

    roots: Array
    mode: Array
    feature: Array
    value: Array
    yes: Array
    no: Array
    tracks: Array
    voter: Array
    target: Array
    weight: Array
    members: Mapping[int, Array]


def read_ensemble(attributes: Mapping[str, Any], votes: str, features: int, targets: int, aggregate: Aggregate = "sum") -> Forest:
    """The forest of a TreeEnsembleRegressor (``votes`` "target") or TreeEnsembleClassifier ("class"); `TreeError` for what cannot be."""
    trees = _whole(attributes, "nodes_treeids")
    count = len(trees)
    names = _names(attributes.get("nodes_modes", ()), count)
    ids, yes, no = (_whole(attributes, f"nodes_{name}", count) for name in ("nodeids", "truenodeids", "falsenodeids"))
    tracks = _optional(attributes, "nodes_missing_value_tracks_true", count)
    leaf = names < 0
    place = _Places(trees, ids)
    inner = np.flatnonzero(~leaf)
    children = (np.arange(count), np.arange(count))
    for found, child in zip(children, (yes, no), strict=True):
        found[inner] = place.find(trees[inner], child[inner], "child")
    voter = place.find(_whole(attributes, f"{votes}_treeids"), _whole(attributes, f"{votes}_nodeids"), f"{votes}_nodeids")
    nodes = _Nodes(
        _roots(trees, inner, children),
        names,
        _whole(attributes, "nodes_featureids", count),
        _floats(attributes, "nodes_values", count),
        children[0],
        children[1],
        tracks,
        voter,
        _whole(attributes, f"{votes}_ids", len(voter)),
        _floats(attributes, f"{votes}_weights", len(voter)),
        {},
    )
    if (~leaf[voter]).any():
        raise TreeError("a node that is no leaf has a weight")
    return _forest(nodes, features, targets, aggregate)


def read_new_ensemble(attributes: Mapping[str, Any], features: int, targets: int, aggregate: Aggregate) -> Forest:
    """The forest of a TreeEnsemble (opset 5); `TreeError` for what cannot be."""
    mode = np.asarray(attributes.get("nodes_modes", np.zeros(0)), np.int64).reshape(-1)
    count = len(mode)
    if ((mode < 0) | (mode > _MEMBER)).any():
        raise TreeError("nodes_modes has a number that means nothing")
    leaf_target = _whole(attributes, "leaf_targetids")
    leaf_weight = _floats(attributes, "leaf_weights", len(leaf_target))
    sides, ends = list[Array](), list[Array]()
    for side in ("true", "false"):
        child, leaf = _whole(attributes, f"nodes_{side}nodeids", count), _whole(attributes, f"nodes_{side}leafs", count) != 0
        if ((child < 0) | (child >= np.where(leaf, len(leaf_target), count))).any():
            raise TreeError(f"nodes_{side}nodeids points outside")
        sides.append(np.where(leaf, count + np.arange(count) + len(ends) * count, child))
        ends.append(np.where(leaf, child, -1))
    voted = np.concatenate(ends)
    roots = _whole(attributes, "tree_roots")
    if ((roots < 0) | (roots >= count)).any() or len(np.unique(roots)) != len(roots):
        raise TreeError("tree_roots points outside, or twice to one node")
    voter = np.flatnonzero(voted >= 0)
    own = np.arange(count, 3 * count)
    padding = np.zeros(2 * count, np.int64)
    nodes = _Nodes(
        roots,
        np.concatenate([mode, np.full(2 * count, -1)]),
        np.concatenate([_whole(attributes, "nodes_featureids", count), padding]),
        np.concatenate([_floats(attributes, "nodes_splits", count), padding.astype(np.float32)]),
        np.concatenate([sides[0], own]),
        np.concatenate([sides[1], own]),
        np.concatenate([_optional(attributes, "nodes_missing_value_tracks_true", count), padding]),
        count + voter,
        leaf_target[voted[voter]],
        leaf_weight[voted[voter]],
        _members(attributes, mode),
    )
    return _forest(nodes, features, targets, aggregate)


def _members(attributes: Mapping[str, Any], mode: Array) -> Mapping[int, Array]:
    """Sets of values, in the order of the nodes that test for them, each ended by no number."""
    wanted = np.flatnonzero(mode == _MEMBER)
    if not len(wanted):
        return {}
    values = np.asarray(attributes.get("membership_values", np.zeros(0, np.float32))).reshape(-1)
    ends = np.flatnonzero(np.isnan(values))
    if values.dtype != np.float32 or len(ends) != len(wanted) or not len(values) or ends[-1] != len(values) - 1:
        raise TreeError(f"membership_values has {len(ends)} sets for {len(wanted)} nodes")
    return dict(zip(wanted.tolist(), np.split(values, ends[:-1] + 1), strict=True))


def _forest(nodes: _Nodes, features: int, targets: int, aggregate: Aggregate) -> Forest:
    inner = nodes.mode >= 0
    if ((nodes.feature < 0) | (nodes.feature >= features))[inner].any():
        raise TreeError(f"nodes_featureids points outside of the {features} columns")
    if len(nodes.target) and (nodes.target.min() < 0 or nodes.target.max() >= targets):
        raise TreeError(f"a weight is for none of the {targets} targets")
    tree = _trees_of(nodes)
    tests, test, more, turned = _tests(nodes)
    leaf, values, tree_targets = _leaves(nodes, tree, targets, aggregate)
    low, high = np.where(turned, nodes.no, nodes.yes), np.where(turned, nodes.yes, nodes.no)
    return Forest(features, targets, nodes.roots, test, low, high, leaf, values, tree_targets, tests, more, aggregate)


def _trees_of(nodes: _Nodes) -> Array:
    """The tree of every node; `TreeError` for nodes with two parents and for ways that end nowhere."""
    tree = np.full(len(nodes.mode), -1)
    here, number = nodes.roots, np.arange(len(nodes.roots))
    while len(here):
        if (tree[here] >= 0).any() or len(np.unique(here)) != len(here):
            raise TreeError("a node is reached on two ways: the trees are none")
        tree[here] = number
        inner = nodes.mode[here] >= 0
        here, number = here[inner], number[inner]
        here, number = np.concatenate([nodes.yes[here], nodes.no[here]]), np.tile(number, 2)
    if ((tree < 0) & (nodes.mode >= 0)).any():
        raise TreeError("a node hangs on no root: the trees are cyclic or torn")
    return tree


def _tests(nodes: _Nodes) -> tuple[Array, Array, dict[int, tuple[tuple[int, int], ...]], Array]:
    """Tests without repetition, the test of each node, further intervals, and where the true child is the one that fails."""
    inner = np.flatnonzero(nodes.mode >= 0)
    mode, value, tracks = nodes.mode[inner], nodes.value[inner], nodes.tracks[inner] != 0
    cut = cut_keys(value)
    below = before(cut)
    up_to = np.where((mode == _LT) | (mode == _GTE), below, cut)
    above = np.where((mode == _EQ) | (mode == _NEQ), below, LOWEST)
    up_to = np.where(np.isnan(value), LOWEST, up_to)
    above = np.where(np.isnan(value), LOWEST, above)
    turned = (mode == _GTE) | (mode == _GT) | (mode == _NEQ)
    missing = (mode != _NEQ) & (tracks ^ turned)  # no number is unequal to any
    number = np.where(mode == _MEMBER, inner, -1)  # a set is a test of its own
    rows = np.stack([nodes.feature[inner], above, up_to, missing, number], axis=1).astype(np.int64).reshape(-1, 5)
    tests, place = np.unique(rows, axis=0, return_inverse=True)
    more: dict[int, tuple[tuple[int, int], ...]] = {}
    for test in np.flatnonzero(tests[:, 4] >= 0).tolist():
        members = cut_keys(nodes.members[int(tests[test, 4])][:-1])
        intervals = sorted(set(zip(before(members).tolist(), members.tolist(), strict=True))) or [(LOWEST, LOWEST)]
        tests[test, 1:3] = intervals[0]
        more[test] = tuple(intervals[1:])
    test_of = np.full(len(nodes.mode), -1)
    test_of[inner] = place.reshape(-1)
    flipped = np.zeros(len(nodes.mode), bool)
    flipped[inner] = turned
    return (tests[:, :4] if len(tests) else NO_TEST), test_of, more, flipped


def _leaves(nodes: _Nodes, tree: Array, targets: int, aggregate: Aggregate) -> tuple[Array, Array, Array]:
    """The row of values of each leaf, these values, and the target of each tree where trees have one each."""
    leaves = np.flatnonzero((nodes.mode < 0) & (tree >= 0))
    leaf = np.full(len(nodes.mode), -1)
    leaf[leaves] = np.arange(len(leaves))
    known = leaf[nodes.voter] >= 0
    voter, target, weight = leaf[nodes.voter[known]], nodes.target[known], nodes.weight[known]
    trees = tree[nodes.voter[known]]
    tree_targets = np.zeros(len(nodes.roots), np.int64)
    tree_targets[trees] = target
    single = len(voter) == len(leaves) == len(np.unique(voter)) and bool((tree_targets[trees] == target).all())
    if not single and len(leaves) * targets > MOST_VALUES:
        raise TreeError(f"{len(leaves)} leaves of {targets} values")
    if not np.isfinite(weight).all():
        raise TreeError("a weight is not finite")
    values = np.full((len(leaves), 1 if single else targets), {"sum": 0, "min": np.inf, "max": -np.inf}[aggregate], np.float32)
    columns = np.zeros(len(target), np.int64) if single else target
    if aggregate == "sum":
        np.add.at(values, (voter, columns), weight)
    else:
        (np.minimum if aggregate == "min" else np.maximum).at(values, (voter, columns), weight)
    return leaf, values, tree_targets


class _Places:
    """Nodes by tree and number."""

    def __init__(self, trees: Array, ids: Array) -> None:
        self._order = np.lexsort((ids, trees))
        self._names, self._base = np.unique(trees), max(1, int(ids.max(initial=0)) + 1)
        if len(ids) and (ids.min() < 0 or self._base > 1 << 31):
            raise TreeError("nodes_nodeids has an impossible number")
        self._codes = self._code(trees, ids)[self._order]
        if (np.diff(self._codes) == 0).any():
            raise TreeError("two nodes of a tree have one number")

    def find(self, trees: Array, ids: Array, what: str) -> Array:
        """Places of the nodes with these numbers."""
        if len(trees) != len(ids):
            raise TreeError(f"{what}: {len(ids)} numbers for {len(trees)} trees")
        inside = (ids >= 0) & (ids < self._base) & np.isin(trees, self._names)
        codes = self._code(trees, np.where(inside, ids, 0))
        place = np.minimum(np.searchsorted(self._codes, codes), max(0, len(self._codes) - 1))
        if len(ids) and not (inside & (self._codes[place] == codes)).all():
            raise TreeError(f"{what} names a node that is not there")
        return self._order[place]

    def _code(self, trees: Array, ids: Array) -> Array:
        return np.searchsorted(self._names, trees) * np.int64(self._base) + ids


def _roots(trees: Array, inner: Array, children: Sequence[Array]) -> Array:
    """The node of each tree that is nobody's child, trees in the order in which they begin."""
    child = np.zeros(len(trees), bool)
    for found in children:
        child[found[inner]] = True
    roots = np.flatnonzero(~child)
    _, first = np.unique(trees, return_index=True)
    if len(roots) != len(first) or len(np.unique(trees[roots])) != len(roots):
        raise TreeError("a tree has no root, or more than one")
    starts = dict(zip(trees[first].tolist(), first.tolist(), strict=True))
    return np.array(sorted(roots.tolist(), key=lambda root: starts[int(trees[root])]), np.int64)


def _names(modes: Sequence[str], count: int) -> Array:
    known = {name: k for k, name in enumerate(MODES)} | {"LEAF": -1}
    if len(modes) != count or not count:
        raise TreeError(f"nodes_modes has {len(modes)} values, nodes_treeids {count}")
    unknown = next((mode for mode in modes if mode not in known or mode == "BRANCH_MEMBER"), None)
    if unknown is not None:
        raise TreeError(f"nodes_modes has {str(unknown)[:40]!r}")
    return np.array([known[mode] for mode in modes], np.int64)


def _whole(attributes: Mapping[str, Any], name: str, count: int | None = None) -> Array:
    found = np.asarray(attributes.get(name, ()))
    if found.size and found.dtype.kind not in "iu":
        raise TreeError(f"{name} has no whole numbers")
    if count is not None and found.shape != (count,):
        raise TreeError(f"{name} has {found.size} values where {count} were wanted")
    return found.astype(np.int64).reshape(-1)


def _optional(attributes: Mapping[str, Any], name: str, count: int) -> Array:
    return _whole(attributes, name, count) if len(attributes.get(name, ())) else np.zeros(count, np.int64)


def _floats(attributes: Mapping[str, Any], name: str, count: int) -> Array:
    """Values of float32; those in a tensor of float64 are for inputs of float64."""
    for key in _spellings(name):
        if key in attributes:
            found = np.asarray(attributes[key])
            if found.dtype == np.float64 and key.endswith("_as_tensor"):
                raise TreeError(f"{key} is of float64, float32 is compiled")
            if found.size != count:
                raise TreeError(f"{key} has {found.size} values where {count} were wanted")
            return found.astype(np.float32).reshape(-1)
    raise TreeError(f"{name} is missing")


def _spellings(name: str) -> Iterator[str]:
    yield from (name, f"{name}_as_tensor")
