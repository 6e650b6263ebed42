"""Interaction networks: messages along the edges of a graph (P. Battaglia et al., arXiv:1612.00222; Exa.TrkX, arXiv:2103.06995)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def dense(sizes: Sequence[int], *, normalised: bool = False) -> nn.Sequential:
    """Dense layers of these sizes with ReLU between, and a layer normalisation behind the last where wanted."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    layers.pop()
    return nn.Sequential(*layers, *([nn.LayerNorm(sizes[-1])] if normalised else []))


class InteractionNetwork(nn.Module):
    """Nodes and edges of one width that tell one another what they are, so many times.

    Each time a node adds to itself what a network makes of it and of the sums of its incoming and of its outgoing edges; then an edge adds
    to itself what another network makes of both its nodes and itself.
    """

    def __init__(self, width: int, steps: int) -> None:
        """Networks of one hidden layer, each step with its own weights."""
        super().__init__()
        self.nodes = nn.ModuleList([dense([3 * width, width, width], normalised=True) for _ in range(steps)])
        self.edges = nn.ModuleList([dense([3 * width, width, width], normalised=True) for _ in range(steps)])

    def forward(self, nodes: Tensor, edges: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Nodes [nodes, width], edges [edges, width] from node ``first`` [edges] to node ``second`` [edges]: both, with all they heard."""
        for update_nodes, update_edges in zip(self.nodes, self.edges, strict=True):
            nothing = torch.zeros_like(nodes)
            incoming, outgoing = nothing.index_add(0, second, edges), nothing.index_add(0, first, edges)
            nodes = nodes + update_nodes(torch.cat([nodes, incoming, outgoing], 1))
            edges = edges + update_edges(torch.cat([nodes.index_select(0, first), nodes.index_select(0, second), edges], 1))
        return nodes, edges
