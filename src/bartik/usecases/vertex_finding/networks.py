"""The networks: tracks to density, density to histogram, tracks to histogram, and the small one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bartik.nn.unet import UNet1d, conv_block
from bartik.usecases.vertex_finding.layers import Peaks, TrackSum, positive

_START = -6.0
"""Logarithm of what a new network says of every bin: most are empty."""
_LAST = 5  # bins, kernel of the last convolution


@dataclass(frozen=True)
class Aim:
    """What training is after: how much worse a missing peak is than one too many, and on how many bins in a row (0: on all)."""

    asymmetry: float = 2.5
    stretch: int = 0


class HistogramNetwork(nn.Module):
    """A histogram [events, bins] and its peaks [events, slots, 2]; behind the sums it is the same at every place along the beam."""

    def __init__(self, low: float, width: float, aim: Aim) -> None:
        """Bins from ``low`` of ``width``, both in mm."""
        super().__init__()
        self.peaks, self.aim = Peaks(low, width), aim

    def sums(self, *inputs: Tensor) -> Tensor:
        """What the histogram is made of [events, channels, bins], from the inputs of ``forward``."""
        raise NotImplementedError

    def histogram(self, sums: Tensor) -> Tensor:
        """Of these [events, bins], for any stretch of bins."""
        raise NotImplementedError

    def found(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        """Histogram and vertices."""
        histogram = self.histogram(sums)
        return histogram, self.peaks(histogram)


class TrackNetwork(HistogramNetwork):
    """Forward takes tracks [tracks, 9], their events [tracks] and the beam lines [events, 2]."""

    def forward(self, tracks: Tensor, event: Tensor, beam: Tensor) -> tuple[Tensor, Tensor]:
        """Histogram and vertices."""
        return self.found(self.sums(tracks, event, beam))


class Density(nn.Module):
    """Tracks to the density along the beam [events, 1, bins]."""

    def __init__(self, hidden: Sequence[int], channels: int, low: float, width: float) -> None:
        """As `TrackSum`."""
        super().__init__()
        self.tracks = TrackSum(hidden, channels, low, width)
        self.mixed = nn.Sequential(
            nn.Conv1d(channels, 2 * channels, _LAST, padding=_LAST // 2),
            nn.LeakyReLU(0.01),
            nn.Conv1d(2 * channels, 1, _LAST, padding=_LAST // 2),
        )

    def forward(self, tracks: Tensor, event: Tensor, beam: Tensor) -> Tensor:
        """Never below zero."""
        return self.of(self.tracks(tracks, event, beam))

    def of(self, sums: Tensor) -> Tensor:
        """Of sums over tracks [events, channels, bins]."""
        return nn.functional.softplus(self.mixed(sums))


class Finder(HistogramNetwork):
    """Density [events, 1, bins] to histogram: a U-Net."""

    def __init__(
        self, channels: int, kernels: Sequence[int], low: float, width: float, aim: Aim, *, extra: int = 0, normalised: bool = True
    ) -> None:
        """So many ``channels`` with ``kernels``, a level each; ``extra`` channels beside the density."""
        super().__init__(low, width, aim)
        self.unet = UNet1d(1 + extra, channels, kernels, normalised=normalised)
        self.last = _last(channels, 1, _LAST)

    def forward(self, density: Tensor) -> tuple[Tensor, Tensor]:
        """Histogram and vertices."""
        return self.found(self.sums(density))

    def sums(self, *inputs: Tensor) -> Tensor:
        """The density, as its logarithm."""
        return torch.log1p(inputs[0])

    def histogram(self, sums: Tensor) -> Tensor:
        """Of the density, and what is beside it."""
        return positive(self.last(self.unet(sums))[:, 0])


class Joined(TrackNetwork):
    """Tracks to histogram: both networks in one; the second is also told the sums over tracks that the first makes."""

    def __init__(self, density: Density, finder: Finder, low: float, width: float, aim: Aim) -> None:
        """Training changes both."""
        super().__init__(low, width, aim)
        self.density, self.finder = density, finder

    def sums(self, *inputs: Tensor) -> Tensor:
        """Over tracks."""
        return torch.as_tensor(self.density.tracks(*inputs))

    def histogram(self, sums: Tensor) -> Tensor:
        """Of the density, and of the sums that it is made of."""
        return self.finder.histogram(torch.cat([self.finder.sums(self.density.of(sums)), sums], 1))


class Small(TrackNetwork):
    """Tracks to histogram with a thirtieth of the work: half as many bins inside, few channels, kernels with holes."""

    def __init__(
        self, hidden: Sequence[int], sums: int, channels: int, dilations: Sequence[int], low: float, width: float, aim: Aim
    ) -> None:
        """``sums`` channels over the tracks, then a convolution for each of the ``dilations``."""
        super().__init__(low, width, aim)
        self.tracks = TrackSum(hidden, sums, low, width)
        self.halved = conv_block(sums, channels, 5, stride=2)
        self.blocks = nn.ModuleList([conv_block(channels, channels, 5, dilation=dilation) for dilation in dilations])
        self.last = _last(channels, 2, 3)

    def sums(self, *inputs: Tensor) -> Tensor:
        """Over tracks."""
        return torch.as_tensor(self.tracks(*inputs))

    def histogram(self, sums: Tensor) -> Tensor:
        """Two bins from each inside."""
        x = self.halved(sums)
        for block in self.blocks:
            x = x + block(x)
        return positive(self.last(x).transpose(1, 2).reshape(x.shape[0], -1))


def _last(channels: int, outputs: int, kernel: int) -> nn.Conv1d:
    layer = nn.Conv1d(channels, outputs, kernel, padding=kernel // 2)
    assert layer.bias is not None  # noqa: S101 - it has one unless told otherwise
    nn.init.constant_(layer.bias, _START)
    return layer
