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
        """Sizes of the layers a track goes through, and of those behind the sum; ``more`` kinds of tracks than origins."""
        super().__init__()
        self.seen = Seen()
        self.sets = OddDeepSets(TRACK_WIDTH + SIGNAL_WIDTH, SIGNAL_WIDTH, [*inner, len(ORIGINS) + more], outer)

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        self.seen.adapt(inputs["candidate"], inputs["tracks"])

    def judged(self, candidates: Tensor, tracks: Tensor, owner: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log odds [candidates, 1]; positive and negative tracks of each origin that are expected [candidates, origins + more]."""
        around = self.seen.signal(candidates)
        entries = torch.cat([self.seen.track(tracks), around.index_select(0, owner)], 1)
        positive, negative = self.sets.sums(entries, tracks[:, 0:1], owner, around)
        return self.sets.judge(positive, negative, around), positive, negative

    def forward(self, candidates: Tensor, tracks: Tensor, owner: Tensor) -> Tensor:
        """Probability [candidates, 1]."""
        return probability(self.judged(candidates, tracks, owner)[0])
