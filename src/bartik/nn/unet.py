"""One-dimensional U-Net: down to coarse bins and up again, each level told what was at its size (O. Ronneberger et al., 1505.04597)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def conv_block(inputs: int, outputs: int, kernel: int, *, normalised: bool = True, dilation: int = 1, stride: int = 1) -> nn.Sequential:
    """Convolution that keeps the size (or halves it, and so on, by ``stride``), batch normalisation where wanted, ReLU."""
    padding = dilation * (kernel // 2)
    layer = nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation, stride=stride)
    return nn.Sequential(layer, nn.BatchNorm1d(outputs) if normalised else nn.Identity(), nn.ReLU())


class UNet1d(nn.Module):
    """Forward takes [batch, inputs, bins] and gives [batch, channels, bins]; bins are a multiple of 2 to the number of levels less one.

    ``kernels`` are sizes of the convolutions, a level each. On the way up values are repeated and then convolved: a transposed
    convolution leaves side lobes beside peaks.
    """

    def __init__(self, inputs: int, channels: int, kernels: Sequence[int], *, normalised: bool = True) -> None:
        """Every level has as many ``channels``."""
        super().__init__()
        first, *others = kernels
        self.first = conv_block(inputs, channels, first, normalised=normalised)
        self.down = nn.ModuleList([conv_block(channels, channels, kernel, normalised=normalised) for kernel in others])
        self.up = nn.ModuleList([conv_block(2 * channels, channels, kernel, normalised=normalised) for kernel in others])

    def forward(self, x: Tensor) -> Tensor:
        """Features of each bin."""
        seen = [torch.as_tensor(self.first(x))]
        for block in self.down:
            seen.append(block(_halved(seen[-1])))
        found = seen.pop()
        for block in list(self.up)[::-1]:
            found = block(torch.cat([nn.functional.interpolate(found, scale_factor=2.0, mode="nearest"), seen.pop()], 1))
        return found


def _halved(x: Tensor) -> Tensor:
    """The larger of every two bins."""
    return x.reshape(x.shape[0], x.shape[1], -1, 2).amax(3)
