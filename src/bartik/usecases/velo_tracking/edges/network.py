"""An interaction network on the doublets of an event."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bartik.nn.interaction import InteractionNetwork, dense
from bartik.usecases.velo_tracking.columns import WIDTH
from bartik.usecases.velo_tracking.layers import DOUBLET_WIDTH, HIT_WIDTH, doublet_features, hit_features, probability


class EdgeNetwork(nn.Module):
    """Forward takes hits [hits, 3] in mm and edges [edges, 2]; of each edge it gives the probability and what is known [edges, width]."""

    def __init__(self, steps: int) -> None:
        """So many ``steps`` of messages between neighbours."""
        super().__init__()
        self.hits = dense([HIT_WIDTH, WIDTH, WIDTH], normalised=True)
        self.edges = dense([DOUBLET_WIDTH, WIDTH, WIDTH], normalised=True)
        self.messages = InteractionNetwork(WIDTH, steps)
        self.parts = steps + 1  # each of order one, that an edge is the sum of
        self.score = dense([WIDTH, WIDTH, 1])

    def latent(self, hits: Tensor, edges: Tensor) -> Tensor:
        """What is known of each edge when all messages have passed [edges, width]."""
        first, second = edges[:, 0], edges[:, 1]
        seen = doublet_features(hits.index_select(0, first), hits.index_select(0, second))
        _, known = self.messages(self.hits(hit_features(hits)), self.edges(seen), first, second)
        return torch.as_tensor(known) / self.parts

    def logits(self, hits: Tensor, edges: Tensor) -> Tensor:
        """Log odds [edges, 1]."""
        return torch.as_tensor(self.score(self.latent(hits, edges)))

    def forward(self, hits: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        """Probability [edges, 1], latent [edges, width]."""
        latent = self.latent(hits, edges)
        return probability(self.score(latent)), latent
