"""The networks: all species at once, and one against the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.interaction import dense
from bartik.simulation.identification import SPECIES
from bartik.usecases.particle_identification.columns import NAMES
from bartik.usecases.particle_identification.layers import Seen, body

_MOMENTUM = NAMES.index("p")
_BINS = (10.0, 15.0, 25.0, 40.0)
"""Edges in GeV of the bins of momentum between which flatness is asked for."""


class MultiClass(nn.Module):
    """Forward takes features [tracks, 14] and gives probabilities [tracks, 6] that sum to one, where species are equally many."""

    def __init__(self, hidden: Sequence[int], flatness: float) -> None:
        """Sizes of the hidden layers, and the weight of the spread over momentum in the loss."""
        super().__init__()
        self.seen, self.body = Seen(), body(hidden)
        self.last = nn.Linear(hidden[-1], len(SPECIES))
        self.flatness = flatness

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        self.seen.adapt(inputs["features"])

    def known(self, features: Tensor) -> Tensor:
        """What the last layer takes [tracks, hidden]."""
        return torch.as_tensor(self.body(self.seen(features)))

    def logits(self, features: Tensor) -> Tensor:
        """Logarithms of what is proportional to the probabilities [tracks, 6]."""
        return torch.as_tensor(self.last(self.known(features)))

    def forward(self, features: Tensor) -> Tensor:
        """Probabilities [tracks, 6]."""
        return torch.softmax(self.logits(features), 1)


class OneVsRest(nn.Module):
    """Six networks that share only the preprocessing; forward gives the probability [tracks, 6] of each species against all others."""

    def __init__(self, hidden: Sequence[int], flatness: float) -> None:
        """Sizes of the hidden layers of each network, and the weight of the spread over momentum in the loss."""
        super().__init__()
        self.seen = Seen()
        self.networks = nn.ModuleList([dense([len(NAMES), *hidden, 1]) for _ in SPECIES])
        self.flatness = flatness

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        self.seen.adapt(inputs["features"])

    def logits(self, features: Tensor) -> Tensor:
        """Log odds [tracks, 6]."""
        known = self.seen(features)
        return torch.cat([network(known) for network in self.networks], 1)

    def forward(self, features: Tensor) -> Tensor:
        """Probabilities [tracks, 6]."""
        return torch.sigmoid(torch.clamp(self.logits(features), -30.0, 30.0))


def multi_class_loss(network: MultiClass, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Cross entropy of the species ``target`` [tracks], and the spread over momentum where it has a weight."""
    features, species = inputs["features"], target.long()
    logits = network.logits(features)
    loss = _mean(nn.functional.cross_entropy(logits, species, reduction="none"), weights)
    if not (network.training and network.flatness):
        return loss
    own = torch.softmax(logits, 1).gather(1, species[:, None])[:, 0]
    return loss + network.flatness * spread(own, features[:, _MOMENTUM], species, weights)


def one_vs_rest_loss(network: OneVsRest, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Sum of the binary cross entropies of all species, and the spread over momentum where it has a weight."""
    features, species = inputs["features"], target.long()
    logits = network.logits(features)
    wanted = nn.functional.one_hot(species, len(SPECIES)).to(logits.dtype)
    each = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1)
    loss = _mean(each, weights)
    if not (network.training and network.flatness):
        return loss
    own = torch.sigmoid(logits).gather(1, species[:, None])[:, 0]
    return loss + network.flatness * spread(own, features[:, _MOMENTUM], species, weights)


def spread(answers: Tensor, momentum: Tensor, species: Tensor, weights: Tensor) -> Tensor:
    """Mean over species of the variance of their mean answer between bins of momentum [GeV], scalar; all others are [tracks]."""
    bins = torch.bucketize(momentum.contiguous(), torch.tensor(_BINS))
    cell = nn.functional.one_hot(species * (len(_BINS) + 1) + bins, len(SPECIES) * (len(_BINS) + 1)).to(answers.dtype)
    filled = cell.T @ weights
    means = ((cell.T @ (weights * answers)) / filled.clamp(min=1e-6)).reshape(len(SPECIES), -1)
    share = filled.reshape(len(SPECIES), -1)
    middle = (means * share).sum(1, keepdim=True) / share.sum(1, keepdim=True).clamp(min=1e-6)
    return ((means - middle) ** 2 * (share > 0)).sum(1).mean() / (len(_BINS) + 1)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1e-6)
