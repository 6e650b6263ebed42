"""Forests as kernels: which of the three fits, its tables, and how it is called.

``heap_trees`` for trees of at most 64 leaves and depth 6, padded to equal depth; ``branch_trees`` for any shape of at most 256
leaves; ``walked_trees`` for the rest. The first two take four blocks of rows at once (`Lanes` of bytes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bartik.compiler.trees.branches import MOST_LEAVES, branch_tables
from bartik.compiler.trees.forest import Forest, evaluate
from bartik.compiler.trees.heap import DEEPEST, heap_tables
from bartik.compiler.trees.walk import walk_tables
from bartik.core import Array

_MOST_GROUPS = 64
"""More groups than that: the cuts are too many for codes."""


@dataclass(frozen=True, eq=False)
class TreeKernel:
    """A forest, the kernel's name and numbers, and the tables it reads."""

    forest: Forest
    function: str
    numbers: tuple[int, ...]
    tables: Mapping[str, Array] = field(repr=False)
    header: str = "trees"
    scratch: int = 0
    lanes: bool = True

    @property
    def together(self) -> bool:
        """All that take blocks take several."""
        return self.lanes

    @property
    def width(self) -> int:
        """One value a target."""
        return self.forest.targets

    def parameters(self) -> tuple[int | str, ...]:
        """Template parameters: the kernel's own, then targets, values a leaf, and how values become one."""
        return (*self.numbers, self.forest.targets, self.forest.each, f"aggregate_{self.forest.aggregate}")

    def constants(self) -> Mapping[str, Array]:
        """Tables: int32 and uint8."""
        return self.tables

    def evaluate(self, args: Sequence[Array]) -> Array:
        """The meaning: [rows, features] to [rows, targets]."""
        return evaluate(self.forest, args[0])

    def multiply_adds(self) -> int:
        """One for each level of each tree, and one for each value: what there is to do, not how it is done."""
        return int(self.forest.depths().sum()) + len(self.forest.roots) * self.forest.each

    def __str__(self) -> str:
        """For example ``heap_trees 200 trees, 12600 tests``."""
        return f"{self.function} {self.forest}"


def tree_kernel(forest: Forest) -> TreeKernel:
    """The kernel for ``forest``: the first whose tables it fits."""
    deepest = int(forest.depths().max())
    if deepest <= DEEPEST:
        heap = heap_tables(forest)
        if heap.groups <= _MOST_GROUPS:
            numbers = (heap.depth, heap.used, heap.levels, heap.most_codes, heap.groups)
            return TreeKernel(forest, "heap_trees", numbers, heap.tables)
    if most_leaves(forest) <= MOST_LEAVES:
        branches = branch_tables(forest)
        if branches.groups <= _MOST_GROUPS:
            numbers = (branches.leaves, branches.used, branches.levels, branches.most_codes, branches.groups)
            return TreeKernel(forest, "branch_trees", numbers, branches.tables, "trees_branches")
    walk = walk_tables(forest)
    return TreeKernel(forest, "walked_trees", (walk.used, walk.trees), walk.tables, "trees_walk", lanes=False)


def most_leaves(forest: Forest) -> int:
    """Leaves of the tree that has most."""
    here, tree = forest.roots, np.arange(len(forest.roots))
    found = []
    while len(here):
        inner = forest.test[here] >= 0
        found.append(tree[~inner])
        here, tree = here[inner], tree[inner]
        here, tree = np.concatenate([forest.low[here], forest.high[here]]), np.tile(tree, 2)
    return int(np.bincount(np.concatenate(found)).max())
