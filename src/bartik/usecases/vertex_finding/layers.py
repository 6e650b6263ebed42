"""What the networks share: from raw tracks to sums along the beam, and from a histogram to vertices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from bartik.usecases.vertex_finding.columns import BINS, SLOTS

REACH = 20
"""Bins on each side of its own that a track can reach."""
WINDOW = 2 * REACH + 1
_NEAR = 0.1  # mm, of a track from the beam line
INPUTS = 10
"""Numbers that a dense network is told of a track."""
_MOST_LOG = 3.0
CORE, APART = 3, 4
"""Bins on each side that are summed to the weight of a vertex, and within which there is only one."""
FAINTEST = 0.02
"""Weight below which a peak is none."""


class TrackSum(nn.Module):
    """Forward takes tracks [tracks, 9], their events [tracks] and the beam lines [events, 2]; it gives [events, channels, bins].

    A network gives for each track what it adds to the bins around its own (PV-Finder's adds to all bins, later to intervals of bins: with
    bins counted from the track what is learned at one place holds at all). Tracks outside of the histogram add nothing.
    """

    def __init__(self, hidden: Sequence[int], channels: int, low: float, width: float) -> None:
        """Dense layers of the sizes ``hidden``; bins from ``low`` of ``width``, both in mm."""
        super().__init__()
        sizes = [INPUTS, *hidden]
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.LeakyReLU(0.01))]
        self.dense = nn.Sequential(*layers, nn.Linear(sizes[-1], WINDOW * channels))
        self.channels, self.low, self.per_mm = channels, low, 1 / width
        self.around: Tensor
        self.register_buffer("around", torch.arange(WINDOW), persistent=False)

    def forward(self, tracks: Tensor, event: Tensor, beam: Tensor) -> Tensor:
        """Sums over the tracks of each event."""
        place = (tracks[:, 0] - self.low) * self.per_mm
        whole = torch.floor(place.clamp(-1.0, float(BINS)))
        inside = ((whole >= 0) & (whole < BINS)).to(tracks.dtype)
        within = (place - whole - 0.5) * inside
        added = self.dense(features(tracks, tracks[:, 1:3] - beam.index_select(0, event), within)) * inside.unsqueeze(1)
        padded = BINS + 2 * REACH
        first = event * padded + (whole * inside).to(torch.int64)
        at = (first.unsqueeze(1) + self.around).reshape(-1)
        empty = beam.new_zeros((beam.shape[0] * padded, self.channels))
        summed = empty.index_add(0, at, added.reshape(-1, self.channels))
        return summed.reshape(-1, padded, self.channels)[:, REACH : REACH + BINS].transpose(1, 2)


def features(tracks: Tensor, offset: Tensor, within: Tensor) -> Tensor:
    """Of order one [tracks, 10]: place in the bin, offsets from the beam line, widths of the ellipsoid, its correlations."""
    offset = offset / (offset.abs() + _NEAR)
    square = tracks[:, 3:6].clamp(1e-4, 1e8)
    widths = torch.log(square) * 0.2 - torch.tensor([1.4, 1.4, 0.5], dtype=tracks.dtype)
    a, b, c = torch.sqrt(square).unbind(1)
    mixed = tracks[:, 6:9] / torch.stack([a * b, a * c, b * c], 1)
    return torch.cat([within.unsqueeze(1), (4 * within * within).unsqueeze(1), offset, widths, mixed], 1)


class Peaks(nn.Module):
    """Forward takes a histogram [events, bins]; vertices [events, slots, 2]: z in mm and weight, in order along the beam, then zeros.

    A vertex is where the area of the bins around is larger than at any place near; z is the mean of these bins. Slots are filled by
    counting peaks and adding up, which costs a trigger less than to sort.
    """

    def __init__(self, low: float, width: float) -> None:
        """Bins from ``low`` of ``width``, both in mm."""
        super().__init__()
        self.low, self.width = low, width
        self.centres: Tensor
        self.register_buffer("centres", low + (torch.arange(BINS, dtype=torch.float32) + 0.5) * width, persistent=False)

    def forward(self, histogram: Tensor) -> Tensor:
        """No loop over bins."""
        area, moment = self._sums(histogram)
        before, after = _largest(area[:, :-1], (APART, 0)), _largest(area[:, 1:], (0, APART))
        peak = ((area > before) & (area >= after) & (area >= FAINTEST)).to(histogram.dtype)
        slot = (torch.cumsum(peak, 1) - 1).clamp(0.0, float(SLOTS)).to(torch.int64)
        z = self.centres.to(histogram.dtype) + moment / area.clamp(min=FAINTEST)
        empty = histogram.new_zeros((histogram.shape[0], SLOTS + 1))
        filled = [empty.scatter_add(1, slot, peak * values)[:, :SLOTS] for values in (z, area)]
        return torch.stack(filled, 2)

    def _sums(self, histogram: Tensor) -> tuple[Tensor, Tensor]:
        """Area and first moment of the bins around each; no convolution, which would be in 8 bits where others are."""
        padded = nn.functional.pad(histogram, (CORE, CORE))
        near = [padded[:, step : step + BINS] for step in range(2 * CORE + 1)]
        area, moment = near[CORE], torch.zeros_like(histogram)
        for step in range(1, CORE + 1):
            before, after = near[CORE - step], near[CORE + step]
            area, moment = area + before + after, moment + step * self.width * (after - before)
        return area, moment


def _largest(values: Tensor, beside: tuple[int, int]) -> Tensor:
    """Of `APART` values [events, bins] in a row, with zeros ``beside`` them, which are below all that count."""
    padded = nn.functional.pad(values, beside)
    found = padded[:, : padded.shape[1] - APART + 1]
    for shift in range(1, APART):
        found = torch.maximum(found, padded[:, shift : shift + found.shape[1]])
    return found


def positive(logarithm: Tensor) -> Tensor:
    """A histogram from its logarithm, which is what the losses compare."""
    return torch.exp(logarithm.clamp(max=_MOST_LOG))
