"""What the networks see of tracks and signals: raw quantities made into numbers of order one, inside the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.tabular import Standardise
from bartik.simulation.tagging_sources import ORIGINS

TRACK_WIDTH = 8
"""Numbers by which the networks know a track, its charge apart."""
_ORIGINS_WEIGHT = 0.3
"""Of the likelihood of the tracks' origins beside that of the flavour."""
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
    """A network that divides tracks among origins on the way to its log odds."""

    training: bool

    @property
    def judged(self) -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
        """From the inputs in order to log odds [candidates, 1] and expected numbers of positive and negative tracks of each origin."""
        ...


def probability(logits: Tensor) -> Tensor:
    """Log odds, kept inside what float32 can tell from 0 and 1, as probabilities of the same shape."""
    return torch.sigmoid(torch.clamp(logits, -30.0, 30.0))


def tagger_loss(network: Tagger, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Binary cross entropy of the flavour, and in training, with a weight, Poisson's likelihood of the tracks of each origin and charge.

    Flavours say little of single tracks; that the simulation knows where each comes from lets a network learn from far fewer candidates.
    Of what it is expected to tell apart there are more than origins: only the first are compared with the truth.
    """
    logits, positive, negative = network.judged(*inputs.values())
    total = weights.sum().clamp(min=1e-6)
    loss = nn.functional.binary_cross_entropy_with_logits(logits[:, 0], target[:, 0], weights, reduction="sum") / total
    if not network.training:
        return loss
    expected = torch.cat([positive[:, : len(ORIGINS)], negative[:, : len(ORIGINS)]], 1)
    counted = expected - target[:, 1:] * torch.log(expected.clamp(min=1e-6))
    return loss + _ORIGINS_WEIGHT * (counted.sum(1) * weights).sum() / total


def _columns(tracks: Tensor) -> Tensor:
    """Transverse momentum, pseudorapidity, cosine of the azimuth, significance, four likelihoods: no charge, no left or right."""
    return torch.cat([tracks[..., 1:3], torch.cos(tracks[..., 3:4]), tracks[..., 4:9]], tracks.dim() - 1)
