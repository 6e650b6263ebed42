"""A lineage as a picture."""

from __future__ import annotations

from matplotlib.figure import Figure

from bartik.plots import Box, lineage
from bartik.registry.origins import Lineage

_COLOURS = {"model": 0, "alias": 0, "data": 2, "code": 1, "hyperparameters": 4, "environment": 5, "campaign": 3, "parent": 3, "run": 3}


def draw_lineage(graph: Lineage) -> Figure:
    """Boxes and arrows, each kind of thing in a colour of its own."""
    boxes = {node.key: Box(node.layer, tuple(filter(None, node.lines)), _COLOURS[node.kind]) for node in graph.nodes}
    return lineage(boxes, graph.edges)
