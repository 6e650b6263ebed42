"""What the networks see of tracks and signals: raw quantities made into numbers of order one, inside the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.tabular import Standardise

TRACK_WIDTH = 8
"""Numbers by which the networks know a track, its charge apart."""
_MARKED = [True, False, False, True, False, False, False, False]


class Seen(nn.Module):
    """Tracks [..., 9] and signals [candidates, 3] in physical units; the charge of a track is left to the caller."""

    def __init__(self) -> None:
        """Constants are learnt by `adapt`."""
        super().__init__()
        self.tracks = Standardise(_MARKED)
        self.signals = Standardise([True, False, False])

    def adapt(self, candidates: Array, tracks: Array) -> None:
        """Learn ranges, means and spreads of training rows."""
        with torch.no_grad():
            self.tracks.adapt(_columns(torch.from_numpy(np.ascontiguousarray(tracks))).numpy())
        self.signals.adapt(candidates)

    def track(self, tracks: Tensor) -> Tensor:
        """Rows [tracks, 9] to numbers of order one [tracks, 8]."""
        return torch.as_tensor(self.tracks(_columns(tracks)))

    def signal(self, candidates: Tensor) -> Tensor:
        """Rows [candidates, 3] to numbers of order one."""
        return torch.as_tensor(self.signals(candidates))


class Tagger(Protocol):
    """A network with log odds before its score."""

    @property
    def logits(self) -> Callable[..., Tensor]:
        """From the inputs in order to log odds [candidates, 1]."""
        ...


def probability(logits: Tensor) -> Tensor:
    """Log odds, kept inside what float32 can tell from 0 and 1, as probabilities of the same shape."""
    return torch.sigmoid(torch.clamp(logits, -30.0, 30.0))


def tagger_loss(network: Tagger, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the binary cross entropy."""
    logits = network.logits(*inputs.values())[:, 0]
    return nn.functional.binary_cross_entropy_with_logits(logits, target, weights, reduction="sum") / weights.sum().clamp(min=1e-6)


def _columns(tracks: Tensor) -> Tensor:
    """Transverse momentum, pseudorapidity, cosine of the azimuth, significance, four likelihoods: no charge, no left or right."""
    return torch.cat([tracks[..., 1:3], torch.cos(tracks[..., 3:4]), tracks[..., 4:9]], tracks.dim() - 1)
