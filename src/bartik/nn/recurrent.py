"""A gated recurrent unit over sequences of different lengths (K. Cho et al., arXiv:1406.1078)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bartik.nn.interaction import dense


class SequenceNetwork(nn.Module):
    """One number of each sequence: what a gated recurrent unit remembers after its last step, through dense layers.

    It begins with a memory of what is known of the sequence as a whole.
    """

    def __init__(self, entry: int, around: int, width: int, outer: Sequence[int]) -> None:
        """``entry`` numbers a step, ``around`` of the sequence as a whole; ``width`` of the memory."""
        super().__init__()
        self.begin = nn.Linear(around, width)
        self.steps = nn.GRU(entry, width, batch_first=True)
        self.outer = dense([around + width, *outer, 1])

    def forward(self, entries: Tensor, around: Tensor) -> Tensor:
        """Of entries [sequences, steps, entry], short sequences with zeros before them, and around [sequences, around]: [sequences, 1]."""
        begin = torch.tanh(self.begin(around)).unsqueeze(1).transpose(0, 1).contiguous()
        _, last = self.steps(entries, begin)
        return torch.as_tensor(self.outer(torch.cat([around, last[0]], 1)))
