"""A gated recurrent unit over the tracks of a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.recurrent import SequenceNetwork
from bartik.usecases.flavour_tagging.columns import SIGNAL_WIDTH
from bartik.usecases.flavour_tagging.layers import TRACK_WIDTH, Seen, probability


class RecurrentTagger(nn.Module):
    """Forward takes candidates [candidates, 3] and tracks [candidates, steps, 9]; it gives the probability of flavour +1.

    A track is seen as it is and multiplied by its charge; where there is no charge there is no track and all is 0.
    """

    def __init__(self, width: int, outer: Sequence[int]) -> None:
        """Width of the memory, and sizes of the layers behind it."""
        super().__init__()
        self.seen = Seen()
        self.sequence = SequenceNetwork(2 * TRACK_WIDTH + 1, SIGNAL_WIDTH, width, outer)

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        real = inputs["tracks"][:, :, 0] != 0
        self.seen.adapt(inputs["candidate"], inputs["tracks"][real])

    def logits(self, candidates: Tensor, tracks: Tensor) -> Tensor:
        """Log odds [candidates, 1]."""
        charge, seen = tracks[:, :, 0:1], self.seen.track(tracks)
        entries = torch.cat([charge, seen * charge * charge, seen * charge], 2)
        return torch.as_tensor(self.sequence(entries, self.seen.signal(candidates)))

    def forward(self, candidates: Tensor, tracks: Tensor) -> Tensor:
        """Probability [candidates, 1]."""
        return probability(self.logits(candidates, tracks))
