"""A variational autoencoder (D. Kingma, M. Welling, arXiv:1312.6114), and a second one of its hidden numbers.

Hidden numbers that the first finds are not as Gaussian as they should be drawn, so that showers of Gaussian ones are not those that it
has learnt. The second learns how they are distributed, having as many numbers as they (B. Dai, D. Wipf, arXiv:1903.05789).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.usecases.calorimeter_showers.decoder import smooth
from bartik.usecases.calorimeter_showers.hidden import Hidden
from bartik.usecases.calorimeter_showers.size import LATENT, NOISE


class Second(nn.Module):
    """An autoencoder of hidden numbers [showers, LATENT], where what is told of the energy [showers, 2] is given."""

    def __init__(self, widths: Sequence[int]) -> None:
        """Hidden layers of these ``widths``."""
        super().__init__()
        self.encoder = smooth([LATENT + 2, *widths, 2 * LATENT])
        self.decoder = smooth([LATENT + 2, *widths, 2 * LATENT])

    def evidence(self, numbers: Tensor, told: Tensor) -> Tensor:
        """Lower bound of the log density [showers], constants left out."""
        middle, log_width = self.encoder(torch.cat([numbers, told], 1)).chunk(2, 1)
        log_width, noise = log_width.clamp(-7.0, 1.0), torch.randn_like(middle)
        drawn = middle + torch.exp(log_width) * noise
        mean, log_spread = self._decoded(drawn, told)
        fits = -(log_spread + 0.5 * ((numbers - mean) * torch.exp(-log_spread)) ** 2).sum(1)
        return torch.as_tensor(fits + (log_width + 0.5 * noise**2 - 0.5 * drawn**2).sum(1))

    def forward(self, noise: Tensor, told: Tensor) -> Tensor:
        """Hidden numbers of Gaussian ones [showers, 2 LATENT]."""
        mean, log_spread = self._decoded(noise[:, :LATENT], told)
        return torch.as_tensor(mean + torch.exp(log_spread) * noise[:, LATENT:])

    def _decoded(self, drawn: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the spread of hidden numbers."""
        mean, log_spread = self.decoder(torch.cat([drawn, told], 1)).chunk(2, 1)
        return drawn + mean, log_spread.clamp(-5.0, 1.0)


class ShowerVae(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, NOISE + LATENT], and gives voxels [showers, VOXELS] in MeV."""

    def __init__(self, hidden: Hidden, beta: float, second: Sequence[int]) -> None:
        """``beta`` is the weight of the divergence of hidden numbers from Gaussian ones; the ``second`` autoencoder's hidden layers."""
        super().__init__()
        self.hidden, self.beta, self.second = hidden, beta, Second(second)

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn spots and scales of training showers."""
        self.hidden.adapt_to(inputs, showers)

    def evidences(self, energy: Tensor, showers: Tensor) -> tuple[Tensor, Tensor]:
        """Lower bounds of the log densities of showers and of hidden numbers, each [showers], constants left out."""
        numbers, drawn_from = self.hidden.encoded(energy, showers)
        divergence = drawn_from + 0.5 * (numbers**2).sum(1)
        first = self.hidden.log_density(numbers, energy, showers) - self.beta * divergence
        return first, self.second.evidence(numbers.detach(), self.hidden.told(energy))

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        numbers = self.second(torch.cat([noise[:, :LATENT], noise[:, NOISE:]], 1), self.hidden.told(energy))
        return self.hidden.showers(numbers, energy, noise[:, LATENT:NOISE])
