"""The networks: tracks to density, density to histogram, tracks to histogram, and the small one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bartik.nn.unet import UNet1d, conv_block
from bartik.usecases.vertex_finding.columns import BINS
from bartik.usecases.vertex_finding.fits import FitSum
from bartik.usecases.vertex_finding.layers import REACH, Peaks, TrackSum, positive

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

    step = 1
    """Bins of the histogram for each of the sums."""

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

    def near(self, inputs: Sequence[Tensor], first: int, last: int) -> list[Tensor]:
        """The inputs without what does not reach bins ``first`` to ``last``."""
        del first, last
        return list(inputs)

    def found(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        """Histogram and vertices."""
        histogram = self.histogram(sums)
        return histogram, self.peaks(histogram)


class TrackNetwork(HistogramNetwork):
    """Forward takes tracks [tracks, 9], their events [tracks] and the beam lines [events, 2]."""

    def forward(self, tracks: Tensor, event: Tensor, beam: Tensor) -> tuple[Tensor, Tensor]:
        """Histogram and vertices."""
        return self.found(self.sums(tracks, event, beam))

    def near(self, inputs: Sequence[Tensor], first: int, last: int) -> list[Tensor]:
        """Tracks that reach these bins."""
        tracks, event, beam = inputs
        place = (tracks[:, 0] - self.peaks.low) / self.peaks.width
        some = (place > first - self.step * REACH - 1) & (place < last + self.step * REACH + 1)
        return [tracks[some], event[some], beam]


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
    """Tracks to histogram: both networks in one. The second is also told the sums over tracks that the first makes, or the two looks."""

    def __init__(self, density: Density, finder: Finder, low: float, width: float, aim: Aim, *, looks: bool = False) -> None:
        """Training changes both."""
        super().__init__(low, width, aim)
        self.density, self.finder = density, finder
        self.own = density.tracks.channels
        self.fits = FitSum(low, width, BINS, REACH) if looks else None
        self.norm = nn.BatchNorm1d(1 + self.fits.channels) if self.fits else nn.Identity()

    def sums(self, *inputs: Tensor) -> Tensor:
        """Over tracks."""
        sums = torch.as_tensor(self.density.tracks(*inputs))
        return torch.cat([sums, self.fits(*inputs)], 1) if self.fits is not None else sums

    def histogram(self, sums: Tensor) -> Tensor:
        """Of the density, and of what is beside it."""
        own = sums[:, : self.own]
        beside = own if self.fits is None else sums[:, self.own :]
        return self.finder.histogram(self.norm(torch.cat([self.finder.sums(self.density.of(own)), beside], 1)))


class Small(TrackNetwork):
    """Tracks to histogram with little work: half as many bins inside, few channels, kernels with holes."""

    step = 2

    def __init__(self, reach: int, channels: int, kernel: int, dilations: Sequence[int], low: float, width: float, aim: Aim) -> None:
        """Tracks reach ``reach`` of its bins, then a convolution of ``kernel`` bins for each of the ``dilations``."""
        super().__init__(low, width, aim)
        self.tracks = FitSum(low, self.step * width, BINS // self.step, reach, round_=True)
        self.first = conv_block(self.tracks.channels, channels, 3)
        self.blocks = nn.ModuleList([conv_block(channels, channels, kernel, dilation=dilation) for dilation in dilations])
        self.last = _last(channels, self.step, 3)

    def sums(self, *inputs: Tensor) -> Tensor:
        """Over tracks."""
        return torch.as_tensor(self.tracks(*inputs))

    def histogram(self, sums: Tensor) -> Tensor:
        """Two bins from each inside."""
        x = self.first(sums)
        for block in self.blocks:
            x = x + block(x)
        return positive(self.last(x).transpose(1, 2).reshape(x.shape[0], -1))


def _last(channels: int, outputs: int, kernel: int) -> nn.Conv1d:
    layer = nn.Conv1d(channels, outputs, kernel, padding=kernel // 2)
    assert layer.bias is not None  # noqa: S101 - it has one unless told otherwise
    nn.init.constant_(layer.bias, _START)
    return layer
