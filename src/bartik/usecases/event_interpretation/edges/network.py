"""An interaction network on the tracks that are left."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bartik.nn.interaction import dense
from bartik.usecases.event_interpretation.layers import probability
from bartik.usecases.event_interpretation.track_graph import TrackGraph


class EdgeNetwork(nn.Module):
    """Forward takes tracks [tracks, 10] and pairs [pairs, 2] and gives the probability [pairs, 1] of each pair to be of one b decay."""

    def __init__(self, width: int, steps: int) -> None:
        """So many ``steps`` of messages between tracks."""
        super().__init__()
        self.body = TrackGraph(width, steps)
        self.score = dense([width, width, 1])

    def logits(self, tracks: Tensor, pairs: Tensor) -> Tensor:
        """Log odds [pairs, 1]."""
        return torch.as_tensor(self.score(self.body(tracks, pairs)[1]))

    def forward(self, tracks: Tensor, pairs: Tensor) -> Tensor:
        """Probability [pairs, 1]."""
        return probability(self.logits(tracks, pairs))


def loss(network: EdgeNetwork, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the binary cross entropy."""
    logits = network.logits(inputs["tracks"], inputs["pairs"])[:, 0]
    return nn.functional.binary_cross_entropy_with_logits(logits, target, weights)
