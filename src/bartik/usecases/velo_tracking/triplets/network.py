"""Dense layers on three hits and what the graph network knows of both doublets."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bartik.nn.interaction import dense
from bartik.usecases.velo_tracking.columns import WIDTH
from bartik.usecases.velo_tracking.layers import KINK_WIDTH, kink_features, probability


class TripletClassifier(nn.Module):
    """Forward takes [triplets, 9 + 2 width], positions in mm and latents, and gives probabilities [triplets, 1]."""

    def __init__(self, hidden: list[int]) -> None:
        """Dense layers of the sizes ``hidden``."""
        super().__init__()
        self.dense = dense([KINK_WIDTH + 2 * WIDTH, *hidden, 1])

    def logits(self, features: Tensor) -> Tensor:
        """Log odds [triplets, 1]."""
        kinks = kink_features(features[:, :3], features[:, 3:6], features[:, 6:9])
        return torch.as_tensor(self.dense(torch.cat([kinks, features[:, 9:]], 1)))

    def forward(self, features: Tensor) -> Tensor:
        """Probability [triplets, 1]."""
        return probability(self.logits(features))
