"""A mixer: tokens told one another and changed each by the same network, in turn (I. Tolstikhin et al., arXiv:2105.01601)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MixerBlock(nn.Module):
    """[rows, tokens, width] to the same; ``told`` [rows, 1 or tokens, width] is added before each token's network."""

    def __init__(self, tokens: int, width: int, more: int = 2) -> None:
        """Hidden layers are ``more`` times as wide as what they stand between."""
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.across = nn.Sequential(nn.Linear(tokens, more * tokens), nn.SiLU(), nn.Linear(more * tokens, tokens))
        self.within = nn.Sequential(nn.Linear(width, more * width), nn.SiLU(), nn.Linear(more * width, width))

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """Both changes are added to what was there."""
        x = x + self.across(self.first(x).transpose(1, 2)).transpose(1, 2)
        return torch.as_tensor(x + self.within(self.second(x) + told))
