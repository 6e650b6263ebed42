"""An interaction network on the pairs that are left."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bartik.nn.interaction import dense
from bartik.usecases.event_interpretation.columns import CLASSES
from bartik.usecases.event_interpretation.track_graph import TrackGraph


class AncestorNetwork(nn.Module):
    """Forward takes tracks [tracks, 10] and pairs [pairs, 2] and gives probabilities [pairs, 4] of generations."""

    def __init__(self, width: int, steps: int) -> None:
        """So many ``steps`` of messages between tracks."""
        super().__init__()
        self.body = TrackGraph(width, steps)
        self.score = dense([width, width, CLASSES])

    def logits(self, tracks: Tensor, pairs: Tensor) -> Tensor:
        """Logarithms of the odds [pairs, 4], up to a constant."""
        return torch.as_tensor(self.score(self.body(tracks, pairs)[1]))

    def forward(self, tracks: Tensor, pairs: Tensor) -> Tensor:
        """Probabilities [pairs, 4]."""
        return torch.softmax(self.logits(tracks, pairs), 1)


def loss(network: AncestorNetwork, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the cross entropy."""
    logits = network.logits(inputs["tracks"], inputs["pairs"])
    every = nn.functional.cross_entropy(logits, target.long(), reduction="none")
    return (every * weights).sum() / weights.sum().clamp(min=1e-6)
