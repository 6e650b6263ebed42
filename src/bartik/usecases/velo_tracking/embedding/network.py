"""Hits to places in a space where those of one track are near one another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.interaction import dense
from bartik.usecases.velo_tracking.columns import DIMENSIONS, PARTICLES
from bartik.usecases.velo_tracking.graph import window_pairs
from bartik.usecases.velo_tracking.layers import HIT_WIDTH, hit_features

_DRAWN = 0.25
"""Share of the false doublets in a step."""


class Embedding(nn.Module):
    """Forward takes hits [hits, 3] in mm and gives places [hits, dimensions]."""

    def __init__(self, hidden: list[int]) -> None:
        """Dense layers of the sizes ``hidden``."""
        super().__init__()
        self.dense = dense([HIT_WIDTH, *hidden, DIMENSIONS])

    def forward(self, hits: Tensor) -> Tensor:
        """Place of each hit."""
        return torch.as_tensor(self.dense(hit_features(hits)))


def hinge_loss(network: Embedding, inputs: Mapping[str, Tensor], target: Tensor, _weights: Tensor) -> Tensor:
    """Hinge loss of the doublets of some events: those of one particle together, others a length of 1 apart.

    As Exa.TrkX has it (arXiv:2103.06995), but with every true doublet of the window, and a quarter of the others drawn at random.
    ``target`` [hits] as in `bartik.usecases.velo_tracking.embedding.data`.
    """
    first, second = _pairs(inputs["hits"].numpy(), target.numpy() // PARTICLES)
    together = (target[first] == target[second]) & (target[first] % PARTICLES > 0)
    kept = together | (torch.rand(len(first)) < _DRAWN)
    first, second, together = first[kept], second[kept], together[kept]
    places = network(inputs["hits"])
    apart = (places.index_select(0, first) - places.index_select(0, second)).square().sum(1)
    pull, push = apart[together].sum(), torch.relu(1 - torch.sqrt(apart[~together] + 1e-12)).square().sum() / _DRAWN
    return torch.as_tensor((pull + push) / together.sum().clamp(min=1))


def _pairs(hits: Array, event: Array) -> tuple[Tensor, Tensor]:
    """Doublets of the window, event by event."""
    starts = np.flatnonzero(np.diff(event, prepend=-1, append=-1))
    found = [[torch.from_numpy(column) + int(low) for column in window_pairs(hits[low:high])] for low, high in pairwise(starts)]
    first, second = zip(*found, strict=True)
    return torch.cat(first), torch.cat(second)
