"""A lineage as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bartik import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bartik.registry.origins import Lineage

_COLOURS = {"model": 0, "alias": 0, "data": 2, "code": 1, "hyperparameters": 4, "environment": 5, "campaign": 3, "parent": 3, "run": 3}


def draw_lineage(graph: Lineage) -> Figure:
    """Boxes and arrows, each kind of thing in a colour of its own."""
    boxes = {node.key: plots.Box(node.layer, tuple(filter(None, node.lines)), _COLOURS[node.kind]) for node in graph.nodes}
    return plots.lineage(boxes, graph.edges)
