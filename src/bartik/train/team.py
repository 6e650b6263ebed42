"""Processes that train one network together, as ``torchrun`` starts them: their shares of a batch, and the mean of their gradients.

Gradients are added by hand in one message a step: DistributedDataParallel adds them behind ``forward``, and our losses call other
methods of a network as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn

from bartik.train.place import Place


class Team:
    """Those that `torchrun` started and this process among them; or alone. ``rank`` counts from 0, who writes and speaks."""

    def __init__(self, place: Place) -> None:
        """Join the others, whose weights and gradients are on the same kind of device."""
        self.size = int(os.environ.get("WORLD_SIZE", "1")) if "TORCHELASTIC_RUN_ID" in os.environ else 1
        if self.size > 1 and not dist.is_initialized():
            dist.init_process_group(place.messages)
        self.rank = dist.get_rank() if self.size > 1 else 0

    def share(self, rows: Tensor, pieces: int) -> Iterator[Tensor]:
        """Parts of ``rows`` that are this process's, in ``pieces``; none of them empty, and all rows are somebody's."""
        mine = torch.tensor_split(rows, self.size)[self.rank]
        return (piece for piece in torch.tensor_split(mine, pieces) if len(piece))

    def mean(self, parameters: Sequence[nn.Parameter], sums: Tensor) -> Tensor:
        """Make gradients of sums those of the mean over all processes; ``sums`` are of loss and weight. The mean loss."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([*(gradient.reshape(-1) for gradient in gradients), sums])
        if self.size > 1:
            dist.all_reduce(flat)
        flat = flat / flat[-1]
        begin = 0
        for parameter in parameters:
            parameter.grad = flat[begin : begin + parameter.numel()].view_as(parameter).clone()
            begin += parameter.numel()
        return flat[-2]
