"""Flow matching (Y. Lipman et al., arXiv:2210.02747; X. Liu et al., arXiv:2209.03003): a velocity carries noise to showers in few steps.

The steps are written out in the graph, each with Heun's correction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.mixer import MixerBlock
from bartik.usecases.calorimeter_showers.columns import CHANNELS, LAYERS
from bartik.usecases.calorimeter_showers.splits import Splits, scaled_energy

_WAVES = 4


class Velocity(nn.Module):
    """Numbers [showers, LAYERS, CHANNELS] at a time [showers, 1] and energy [showers, 1], scaled, to their velocity."""

    waves: Tensor

    def __init__(self, width: int, blocks: int) -> None:
        """So many mixer ``blocks`` of the ``width`` of a layer."""
        super().__init__()
        self.register_buffer("waves", math.pi * torch.arange(1, _WAVES + 1, dtype=torch.float32))
        self.enter = nn.Linear(CHANNELS, width)
        self.place = nn.Parameter(0.1 * torch.randn(LAYERS, width))
        self.told = nn.Sequential(nn.Linear(2 + 4 * _WAVES, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList([MixerBlock(LAYERS, width) for _ in range(blocks)])
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, CHANNELS))
        with torch.no_grad():
            for values in self.leave[1].parameters():
                values.mul_(0.1)

    def forward(self, x: Tensor, time: Tensor, energy: Tensor) -> Tensor:
        """Velocity of the same shape as ``x``: that of independent Gaussian numbers, and what the network adds."""
        known = [time, energy, *(wave(self.waves * value) for value in (time, energy) for wave in (torch.sin, torch.cos))]
        told = self.told(torch.cat(known, 1)).unsqueeze(1)
        found = self.enter(x) + self.place + told
        for block in self.blocks:
            found = block(found, told)
        gauss = (2 * time - 1) / ((1 - time) ** 2 + time**2)
        return torch.as_tensor(self.leave(found) + gauss.unsqueeze(2) * x)


class ShowerMatching(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, LAYERS * CHANNELS], and gives voxels [showers, VOXELS] in MeV."""

    def __init__(self, threshold: float, energies: tuple[float, float], width: int, blocks: int, steps: int) -> None:
        """``steps`` from noise to shower."""
        super().__init__()
        self.energies, self.steps, self.splits = energies, steps, Splits(threshold)
        self.velocity = Velocity(width, blocks)

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn quantiles of training showers."""
        self.splits.adapt(inputs["energy"], showers)

    def matching(self, energy: Tensor, showers: Tensor) -> Tensor:
        """Squared difference [showers] between the velocity and that of straight ways from noise, at a random time."""
        x = self.splits.together(energy, showers)
        noise, time = torch.randn_like(x), torch.rand(len(x), 1)
        at = noise + time.unsqueeze(2) * (x - noise)
        found = self.velocity(at, time, scaled_energy(energy, *self.energies))
        return torch.as_tensor(((found - (x - noise)) ** 2).mean((1, 2)))

    def carried(self, noise: Tensor, energy: Tensor, steps: int) -> Tensor:
        """Numbers at the end of the way of ``noise`` [showers, LAYERS, CHANNELS]."""
        scaled, x = scaled_energy(energy, *self.energies), noise
        for step in range(steps):
            begin, length = torch.full_like(scaled, step / steps), 1 / steps
            first = self.velocity(x, begin, scaled)
            second = self.velocity(x + length * first, begin + length, scaled)
            x = x + (0.5 * length) * (first + second)
        return x

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        numbers = self.carried(noise.reshape(-1, LAYERS, CHANNELS), energy, self.steps)
        return torch.as_tensor(self.splits(numbers, energy))
