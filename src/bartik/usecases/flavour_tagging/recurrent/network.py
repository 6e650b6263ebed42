"""A gated recurrent unit over the tracks of a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.interaction import dense
from bartik.nn.recurrent import SequenceNetwork
from bartik.simulation.tagging_sources import ORIGINS
from bartik.usecases.flavour_tagging.columns import SIGNAL_WIDTH
from bartik.usecases.flavour_tagging.layers import TRACK_WIDTH, Seen, probability


class RecurrentTagger(nn.Module):
    """Forward takes candidates [candidates, 3] and tracks [candidates, steps, 9]; it gives the probability of flavour +1.

    The same network as in the deep sets divides each track among kinds; these, as they are and multiplied by its charge, are what the unit
    reads. Where there is no charge there is no track, and all is 0.
    """

    def __init__(self, inner: Sequence[int], outer: Sequence[int], more: int, width: int) -> None:
        """Sizes of the layers a track goes through, and of those at the end; ``more`` kinds of tracks than origins; width of the memory."""
        super().__init__()
        kinds = len(ORIGINS) + more
        self.seen = Seen()
        self.inner = nn.Sequential(dense([TRACK_WIDTH, *inner, kinds]), nn.Softmax(2))
        self.sequence = SequenceNetwork(2 * kinds, SIGNAL_WIDTH, width, outer)

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        real = inputs["tracks"][:, :, 0] != 0
        self.seen.adapt(inputs["candidate"], inputs["tracks"][real])

    def judged(self, candidates: Tensor, tracks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log odds [candidates, 1]; positive and negative tracks of each origin that are expected [candidates, origins + more]."""
        charge = tracks[:, :, 0:1]
        odd = self.inner(self.seen.track(tracks)) * charge
        even = odd * charge
        logits = self.sequence(torch.cat([odd, even], 2), self.seen.signal(candidates))
        return logits, (0.5 * (even + odd)).sum(1), (0.5 * (even - odd)).sum(1)

    def forward(self, candidates: Tensor, tracks: Tensor) -> Tensor:
        """Probability [candidates, 1]."""
        return probability(self.judged(candidates, tracks)[0])
