"""A small network for each single tagger: is the charge it chose that of the flavour? And the weights of their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.interaction import dense
from bartik.nn.tabular import Standardise
from bartik.usecases.flavour_tagging.columns import CHOSEN, SIGNAL_WIDTH, TAGGERS
from bartik.usecases.flavour_tagging.layers import probability

_MARKED = [False, True, False, False, True, *[False] * 4, True]


class SingleTaggers(nn.Module):
    """Forward takes features [candidates, 73]; it gives the combination [candidates, 1] and each tagger [candidates, 7], as probabilities.

    A tagger's log odds are the sign of its charge times what its network makes of all else: odd under charge conjugation, and nothing where
    there is no charge. The combination is their weighted sum, the product of their odds where every weight is one.
    """

    def __init__(self, hidden: Sequence[int]) -> None:
        """Sizes of the hidden layers of every tagger."""
        super().__init__()
        self.scales = nn.ModuleList([Standardise(_MARKED) for _ in TAGGERS])
        self.signals = Standardise([True, False, False])
        self.taggers = nn.ModuleList([dense([CHOSEN + SIGNAL_WIDTH, *hidden, 1]) for _ in TAGGERS])
        self.weights = nn.Parameter(torch.ones(len(TAGGERS)))

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants of each tagger from the training rows in which it has something to say."""
        features = inputs["features"]
        self.signals.adapt(features[:, -SIGNAL_WIDTH:])
        for place, scale in enumerate(self.scales):
            block = features[:, CHOSEN * place : CHOSEN * (place + 1)].copy()
            said = block[block[:, 0] != 0]
            said[:, 0] = abs(said[:, 0])
            said[:, 3] = abs(said[:, 3])
            if len(said) > 1:
                cast(Standardise, scale).adapt(said)

    def logits(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Log odds of the combination [candidates, 1] and of each tagger [candidates, 7]."""
        signal = self.signals(features[:, -SIGNAL_WIDTH:])
        found = []
        for place, (scale, tagger) in enumerate(zip(self.scales, self.taggers, strict=True)):
            block = features[:, CHOSEN * place : CHOSEN * (place + 1)]
            charge = block[:, 0:1]
            even = torch.cat([charge.abs(), block[:, 1:3], block[:, 3:4].abs(), block[:, 4:]], 1)
            found.append(torch.sign(charge) * tagger(torch.cat([scale(even), signal], 1)))
        each = torch.cat(found, 1)
        return (each.detach() * self.weights).sum(1, keepdim=True), each

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of flavour +1: combined [candidates, 1], of each tagger [candidates, 7]."""
        together, each = self.logits(features)
        return probability(together), probability(each)


def taggers_loss(network: SingleTaggers, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Sum of the binary cross entropies of the combination, which moves its weights alone, and of each tagger."""
    logits = torch.cat(network.logits(inputs["features"]), 1)
    losses = nn.functional.binary_cross_entropy_with_logits(logits, target[:, None].expand_as(logits), reduction="none")
    return (losses * weights[:, None]).sum() / weights.sum().clamp(min=1e-6)
