"""The tree kernels alone, against their meaning in numpy: bit for bit, one row and many, on every kind of machine."""

import ctypes

import numpy as np
import pytest

from bartik.compiler.build import FLAGS, build_shared
from bartik.compiler.trees import Forest, evaluate
from bartik.compiler.trees.alone import source
from bartik.compiler.trees.branches import MOST_LEAVES, branch_tables
from bartik.compiler.trees.forest import NO_TEST
from bartik.compiler.trees.heap import heap_tables
from bartik.compiler.trees.kernels import TreeKernel, most_leaves, tree_kernel
from bartik.compiler.trees.keys import LOWEST, before, cut_keys
from bartik.compiler.trees.walk import walk_tables

_MACHINES = {"native": (), "avx2": ("-march=haswell",), "plain": ("-march=x86-64",)}
_ROWS = 64 * 3 + 16
"""Three times four blocks, and one."""


class _Grower:
    """Random trees, node by node."""

    def __init__(self, seed, *, features=6, targets=1, dense=False, cuts=40, missing=0.0, sets=0.0, aggregate="sum"):
        self.rng = np.random.default_rng(seed)
        self.features, self.targets, self.dense, self.aggregate = features, targets, dense, aggregate
        self.missing, self.sets = missing, sets
        self.grid = np.sort(self.rng.normal(size=(features, cuts)).astype(np.float32), axis=1)
        self.grid[:, :2] = (0.0, 1e-45)
        self.tests, self.more, self.nodes, self.values = {}, {}, [], []

    def forest(self, trees, depth, full=1.0):
        """``full`` is how likely a node above ``depth`` has children."""
        roots = [self._node(depth, full) for _ in range(trees)]
        test, low, high, leaf = np.array(self.nodes, np.int64).T
        of_trees = self.rng.integers(0, self.targets, trees)
        tests = np.array([key[:4] for key in self.tests], np.int64) if self.tests else NO_TEST
        values = np.array(self.values, np.float32)
        roots = np.array(roots, np.int64)
        return Forest(self.features, self.targets, roots, test, low, high, leaf, values, of_trees, tests, self.more, self.aggregate)

    def rows(self, count=_ROWS):
        """On cuts, beside cuts, and on the edge of the floats."""
        x = self.grid[np.arange(self.features), self.rng.integers(0, self.grid.shape[1], (count, self.features))]
        x[1::4] = np.nextafter(x[1::4], np.float32(-np.inf))
        x[2::4] = self.rng.normal(size=x[2::4].shape)
        odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 3.4e38], np.float32)
        x[3::4] = np.where(self.rng.random(x[3::4].shape) < 0.5, self.rng.choice(odd, x[3::4].shape), x[3::4])
        return x

    def _node(self, depth, full):
        me = len(self.nodes)
        self.nodes.append((-1, me, me, len(self.values)))
        if depth == 0 or self.rng.random() > full:
            self.values.append(self.rng.normal(size=self.targets if self.dense else 1))
            return me
        self.nodes[me] = (self._test(), self._node(depth - 1, full), self._node(depth - 1, full), -1)
        return me

    def _test(self):
        feature = int(self.rng.integers(self.features))
        cuts = cut_keys(self.rng.choice(self.grid[feature], 3, replace=False))
        missing = int(self.rng.random() < self.missing)
        if self.rng.random() >= self.sets:
            return self.tests.setdefault((feature, LOWEST, int(cuts[0]), missing, 0), len(self.tests))
        number = len(self.tests)
        self.tests[feature, int(before(cuts)[0]), int(cuts[0]), missing, number] = number
        if self.rng.random() < 0.5:
            self.more[number] = tuple(zip(before(cuts)[1:].tolist(), cuts[1:].tolist(), strict=True))
        return number


def _cases():
    yield "perfect", _Grower(1), (24, 6, 1.0)
    yield "pruned", _Grower(2, missing=0.5), (19, 6, 0.8)
    yield "shallow", _Grower(3, missing=0.5), (21, 3, 0.9)
    yield "stump", _Grower(4, features=1), (3, 1, 1.0)
    yield "leaf", _Grower(5), (3, 0, 1.0)
    yield "many_cuts", _Grower(6, features=3, cuts=3000), (40, 6, 1.0)
    yield "sets", _Grower(7, sets=0.4, missing=0.5), (9, 4, 0.9)
    yield "classes", _Grower(8, targets=3), (12, 5, 1.0)
    yield "dense", _Grower(9, targets=4, dense=True), (9, 5, 0.9)
    yield "least", _Grower(10, targets=3, aggregate="min"), (2, 4, 0.9)
    yield "most", _Grower(11, aggregate="max", targets=2, dense=True), (9, 4, 0.9)
    yield "deep", _Grower(12, missing=0.3), (9, 14, 0.66)
    yield "very_deep", _Grower(13, sets=0.2, missing=0.5), (5, 40, 0.53)
    yield "wide", _Grower(14, features=150, missing=0.5), (40, 5, 1.0)


def _kernels(forest):
    """Every kernel that the forest fits."""
    yield tree_kernel(forest)
    if forest.depths().max() <= 6:
        heap = heap_tables(forest)
        yield TreeKernel(forest, "heap_trees", (heap.depth, heap.used, heap.levels, heap.most_codes, heap.groups), heap.tables)
    if most_leaves(forest) <= MOST_LEAVES:
        branches = branch_tables(forest)
        numbers = (branches.leaves, branches.used, branches.levels, branches.most_codes, branches.groups)
        yield TreeKernel(forest, "branch_trees", numbers, branches.tables)
    walk = walk_tables(forest)
    yield TreeKernel(forest, "walked_trees", (walk.used, walk.trees), walk.tables, lanes=False)


CASES = {name: (grower.forest(*shape), grower.rows()) for name, grower, shape in _cases()}


@pytest.fixture(scope="module", params=_MACHINES)
def library(request):
    kernels = {f"{name}{k}": kernel for name, (forest, _) in CASES.items() for k, kernel in enumerate(_kernels(forest))}
    flags = [flag for flag in FLAGS if flag not in ("-march=native", "-O3")] + ["-O1", "-march=native", *_MACHINES[request.param]]
    return ctypes.CDLL(
        str(build_shared(source(kernels), name="trees", flags=[*flags, "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]))
    )


def _call(function, x, targets):
    x, y = np.concatenate([x, np.zeros((3, x.shape[1]), np.float32)]), np.full((len(x), targets), np.nan, np.float32)  # may be read beyond
    function(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), ctypes.c_long(len(y)))
    return y


@pytest.mark.parametrize("name", CASES)
def test_every_kernel_gives_the_bits_of_its_meaning_alone_and_in_any_batch(library, name):
    forest, x = CASES[name]
    wanted = evaluate(forest, x)
    for k, kernel in enumerate(_kernels(forest)):
        np.testing.assert_array_equal(_call(library[f"{name}{k}_one"], x, forest.targets), wanted, kernel.function)
        if kernel.lanes:
            np.testing.assert_array_equal(_call(library[f"{name}{k}_many"], x, forest.targets), wanted, kernel.function)


@pytest.mark.parametrize("name", CASES)
def test_the_kernels_meaning_is_that_of_each_tree_walked_alone(name):
    forest, x = CASES[name]
    x = x[:40]
    found = evaluate(forest, x)
    for row, result in zip(x, found, strict=True):
        np.testing.assert_array_equal(result, _walked(forest, row))


def test_a_forest_gets_the_first_kernel_it_fits():
    wanted = {"perfect": "heap_trees", "deep": "branch_trees", "sets": "heap_trees", "leaf": "heap_trees"}
    assert {name: tree_kernel(CASES[name][0]).function for name in wanted} == wanted
    huge = _Grower(15, cuts=2000).forest(1, 9, 1.0)
    assert tree_kernel(huge).function == "walked_trees"


def _walked(forest, row):
    """One row through the trees, with comparisons of floats."""
    result = {"sum": np.zeros, "min": lambda n, t: np.full(n, np.inf, t), "max": lambda n, t: np.full(n, -np.inf, t)}
    sums = result[forest.aggregate](forest.targets, np.float32)
    for tree, root in enumerate(forest.roots):
        node = root
        while forest.test[node] >= 0:
            node = forest.low[node] if _passes(forest, int(forest.test[node]), row) else forest.high[node]
        values = forest.values[forest.leaf[node]]
        places = range(forest.targets) if forest.each > 1 else [int(forest.tree_targets[tree]) if forest.targets > 1 else 0]
        for place, value in zip(places, values, strict=True):
            sums[place] = {"sum": np.add, "min": np.minimum, "max": np.maximum}[forest.aggregate](sums[place], value)
    return np.where(np.isinf(sums), 0, sums) if forest.aggregate != "sum" else sums


def _passes(forest, test, row):
    value = row[forest.tests[test, 0]]
    if np.isnan(value):
        return bool(forest.tests[test, 3])
    ends = ((_float(above), _float(up_to)) for above, up_to in forest.intervals(test))
    return any((above is None or value > above) and value <= up_to for above, up_to in ends)


def _float(key):
    if key == LOWEST:
        return None
    return np.array(key if key >= 0 else key ^ 0x7FFFFFFF, np.int64).astype(np.uint32).view(np.float32)
