"""Dense layers on what two hits show."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bartik.nn.interaction import dense
from bartik.usecases.velo_tracking.layers import DOUBLET_WIDTH, doublet_features, probability


class DoubletFilter(nn.Module):
    """Forward takes both positions of doublets [doublets, 6] in mm and gives probabilities [doublets, 1]."""

    def __init__(self, hidden: list[int]) -> None:
        """Dense layers of the sizes ``hidden``."""
        super().__init__()
        self.dense = dense([DOUBLET_WIDTH, *hidden, 1])

    def logits(self, features: Tensor) -> Tensor:
        """Log odds [doublets, 1]."""
        return torch.as_tensor(self.dense(doublet_features(features[:, :3], features[:, 3:])))

    def forward(self, features: Tensor) -> Tensor:
        """Probability [doublets, 1]."""
        return probability(self.logits(features))
