"""Deep sets over the tracks of a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.deepsets import OddDeepSets
from bartik.simulation.tagging_sources import ORIGINS
from bartik.usecases.flavour_tagging.columns import SIGNAL_WIDTH
from bartik.usecases.flavour_tagging.layers import TRACK_WIDTH, Seen, probability


class InclusiveTagger(nn.Module):
    """Forward takes candidates [candidates, 3], tracks [tracks, 9] and owner [tracks]; it gives the probability of flavour +1.

    With every charge turned it gives one minus that, whatever its weights.
    """

    def __init__(self, inner: Sequence[int], outer: Sequence[int], more: int) -> None:
        """Sizes of the layers a track goes through, and of those behind the sum; sums ``more`` than those of the tracks' origins."""
        super().__init__()
        self.seen = Seen()
        kinds, entry = len(ORIGINS) + 1, TRACK_WIDTH + SIGNAL_WIDTH
        self.sets = OddDeepSets(entry, SIGNAL_WIDTH, inner, outer, kinds=kinds, more=more)

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        self.seen.adapt(inputs["candidate"], inputs["tracks"])

    def sums(self, candidates: Tensor, tracks: Tensor, owner: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Odd sums, even sums [candidates, origins + more], and the signals [candidates, 3]."""
        around = self.seen.signal(candidates)
        entries = torch.cat([self.seen.track(tracks), around.index_select(0, owner)], 1)
        return (*self.sets.sums(entries, tracks[:, 0:1], owner, around), around)

    def logits(self, candidates: Tensor, tracks: Tensor, owner: Tensor) -> Tensor:
        """Log odds [candidates, 1]."""
        return torch.as_tensor(self.sets.judge(*self.sums(candidates, tracks, owner)))

    def forward(self, candidates: Tensor, tracks: Tensor, owner: Tensor) -> Tensor:
        """Probability [candidates, 1]."""
        return probability(self.logits(candidates, tracks, owner))


def inclusive_loss(network: InclusiveTagger, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor, origins: float) -> Tensor:
    """Binary cross entropy of the flavour, and in training ``origins`` times Poisson's likelihood of the tracks of each origin and charge.

    Flavours say little of single tracks; that the simulation knows where each comes from lets the network learn from far fewer candidates.
    """
    odd, even, around = network.sums(*inputs.values())
    logits = network.sets.judge(odd, even, around)[:, 0]
    loss = nn.functional.binary_cross_entropy_with_logits(logits, target[:, 0], weights, reduction="sum") / weights.sum().clamp(min=1e-6)
    if not network.training:
        return loss
    width = len(ORIGINS)
    expected = torch.cat([even[:, :width] + odd[:, :width], even[:, :width] - odd[:, :width]], 1) / 2
    counted = expected - target[:, 1:] * torch.log(expected.clamp(min=1e-6))
    return loss + origins * (counted.sum(1) * weights).sum() / weights.sum().clamp(min=1e-6)
