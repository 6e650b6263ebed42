"""The interaction network that the three stages have in common."""

from __future__ import annotations

from torch import Tensor, nn

from bartik.nn.interaction import InteractionNetwork, dense
from bartik.usecases.event_interpretation.layers import PAIR_WIDTH, TRACK_WIDTH, pair_features, track_features


class TrackGraph(nn.Module):
    """Forward takes tracks [tracks, 10] and pairs [pairs, 2] and gives what is known of both in the end, of one width."""

    def __init__(self, width: int, steps: int) -> None:
        """So many ``steps`` of messages between tracks."""
        super().__init__()
        self.tracks = dense([TRACK_WIDTH, width, width], normalised=True)
        self.pairs = dense([PAIR_WIDTH, width, width], normalised=True)
        self.messages = InteractionNetwork(width, steps)
        self.parts = steps + 1  # each of order one, that a track or a pair is the sum of

    def forward(self, tracks: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Tracks [tracks, width], pairs [pairs, width]."""
        first, second = pairs[:, 0], pairs[:, 1]
        seen = pair_features(tracks.index_select(0, first), tracks.index_select(0, second))
        nodes, edges = self.messages(self.tracks(track_features(tracks)), self.pairs(seen), first, second)
        return nodes / self.parts, edges / self.parts
