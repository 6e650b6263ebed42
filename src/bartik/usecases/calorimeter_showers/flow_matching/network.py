"""Flow matching (Y. Lipman et al., arXiv:2210.02747) of the hidden numbers of a shower, and a student that makes the whole way in one step.

The steps are written out in the graph, each with Heun's correction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.usecases.calorimeter_showers.decoder import smooth
from bartik.usecases.calorimeter_showers.hidden import Hidden
from bartik.usecases.calorimeter_showers.size import LATENT

_WAVES = 3
_TAUGHT = 4
"""Steps of the way that the student learns: of another number than the graph has."""


class Velocity(nn.Module):
    """Numbers [showers, LATENT] at a time [showers, 1], and what is told of the energy [showers, 2], to their velocity."""

    waves: Tensor

    def __init__(self, widths: Sequence[int]) -> None:
        """Hidden layers of these ``widths``."""
        super().__init__()
        self.register_buffer("waves", math.pi * torch.arange(1, _WAVES + 1, dtype=torch.float32))
        self.network = smooth([LATENT + 3 + 2 * _WAVES, *widths, LATENT])

    def forward(self, x: Tensor, time: Tensor, told: Tensor) -> Tensor:
        """Velocity of Gaussian numbers, and what the network adds."""
        phases = time * self.waves
        added = self.network(torch.cat([x, time, told, torch.sin(phases), torch.cos(phases)], 1))
        return torch.as_tensor(added + (2 * time - 1) / ((1 - time) ** 2 + time**2) * x)


class ShowerMatching(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, NOISE], and gives voxels [showers, VOXELS] in MeV."""

    def __init__(self, hidden: Hidden, widths: Sequence[int], steps: int) -> None:
        """So many ``steps`` from noise to hidden numbers; 0: the one step of the student."""
        super().__init__()
        self.hidden, self.steps = hidden, steps
        self.velocity = Velocity(widths)
        self.student = smooth([LATENT + 2, *widths, LATENT])

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn spots and scales of training showers."""
        self.hidden.adapt_to(inputs, showers)

    def losses(self, energy: Tensor, showers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Minus the bound of the log density, squared differences of velocities and of the student's numbers, each [showers].

        Encoder and decoder are trained by the first alone, where hidden numbers are to be Gaussian.
        """
        numbers, drawn_from = self.hidden.encoded(energy, showers)
        bound = self.hidden.log_density(numbers, energy, showers) - 0.5 * (numbers**2).sum(1) - drawn_from
        x, told = numbers.detach(), self.hidden.told(energy)
        noise, time = torch.randn_like(x), torch.rand(len(x), 1)
        found = self.velocity(noise + time * (x - noise), time, told)
        with torch.no_grad():
            taught = self.carried(noise, told, _TAUGHT)
        return -bound, ((found - (x - noise)) ** 2).mean(1), ((self.learnt(noise, told) - taught) ** 2).mean(1)

    def carried(self, x: Tensor, told: Tensor, steps: int) -> Tensor:
        """Numbers at the end of the way of noise [showers, LATENT]."""
        for step in range(steps):
            begin, length = torch.full_like(x[:, :1], step / steps), 1 / steps
            first = self.velocity(x, begin, told)
            second = self.velocity(x + length * first, begin + length, told)
            x = x + (0.5 * length) * (first + second)
        return x

    def learnt(self, noise: Tensor, told: Tensor) -> Tensor:
        """The student's numbers at the end of the way."""
        return noise + torch.as_tensor(self.student(torch.cat([noise, told], 1)))

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        told, begin = self.hidden.told(energy), noise[:, :LATENT]
        numbers = self.carried(begin, told, self.steps) if self.steps else self.learnt(begin, told)
        return self.hidden.showers(numbers, energy, noise[:, LATENT:])
