"""A variational autoencoder (D. Kingma, M. Welling, arXiv:1312.6114): few hidden numbers, and Gaussian noise on what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.interaction import dense
from bartik.usecases.calorimeter_showers.columns import CHANNELS, LAYERS, VOXELS
from bartik.usecases.calorimeter_showers.splits import Splits, scaled_energy


class ShowerVae(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, latent + VOXELS], and gives voxels [showers, VOXELS] in MeV."""

    def __init__(self, threshold: float, energies: tuple[float, float], latent: int, hidden: Sequence[int], beta: float) -> None:
        """``latent`` hidden numbers; ``beta`` is the weight of their divergence from Gaussian ones."""
        super().__init__()
        self.energies, self.latent, self.beta, self.splits = energies, latent, beta, Splits(threshold)
        self.encoder = dense([VOXELS + 1, *hidden, 2 * latent])
        self.decoder = dense([latent + 1, *reversed(hidden), 2 * VOXELS])

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn quantiles of training showers."""
        self.splits.adapt(inputs["energy"], showers)

    def evidence(self, energy: Tensor, showers: Tensor) -> Tensor:
        """Lower bound of the log density [showers], constants left out."""
        x, scaled = self.splits.together(energy, showers).reshape(-1, VOXELS), scaled_energy(energy, *self.energies)
        mean, log_spread = self.encoder(torch.cat([x, scaled], 1)).chunk(2, 1)
        log_spread = log_spread.clamp(-6.0, 3.0)
        hidden = mean + torch.exp(log_spread) * torch.randn_like(mean)
        middle, log_width = self._decoded(hidden, scaled)
        fits = -(0.5 * ((x - middle) * torch.exp(-log_width)) ** 2 + log_width).sum(1)
        divergence = 0.5 * (mean**2 + torch.exp(2 * log_spread) - 2 * log_spread - 1).sum(1)
        return torch.as_tensor(fits - self.beta * divergence)

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        middle, log_width = self._decoded(noise[:, : self.latent], scaled_energy(energy, *self.energies))
        numbers = middle + torch.exp(log_width) * noise[:, self.latent :]
        return torch.as_tensor(self.splits(numbers.reshape(-1, LAYERS, CHANNELS), energy))

    def _decoded(self, hidden: Tensor, scaled: Tensor) -> tuple[Tensor, Tensor]:
        found = self.decoder(torch.cat([hidden, scaled], 1))
        return found[:, :VOXELS], found[:, VOXELS:].clamp(-4.0, 1.0)
