"""All rewrites of the graph, one verb a file, in the one order that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from bartik.compiler.graph import Graph
from bartik.compiler.passes.eliminate import eliminate
from bartik.compiler.passes.fold_constants import fold_constants
from bartik.compiler.passes.fuse_activation import fuse_activation
from bartik.compiler.passes.fuse_affine import fuse_affine
from bartik.compiler.passes.plan_memory import plan_memory
from bartik.compiler.spec import check_graph

Pass: TypeAlias = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (fold_constants, eliminate, fuse_affine, fuse_activation, eliminate, plan_memory)


def optimise(graph: Graph) -> Graph:
    """All passes in order; what each leaves is checked."""
    check_graph(graph)
    for rewrite in PASSES:
        graph = check_graph(rewrite(graph))
    return graph
