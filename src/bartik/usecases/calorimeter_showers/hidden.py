"""A shower as a few hidden numbers, and the voxels that they let expect: what the flow, flow matching and the autoencoder share.

An encoder (D. Kingma, M. Welling, arXiv:1312.6114) finds the hidden numbers: where a shower is, how deep, how wide. A decoder says
from them how many spots each voxel is to expect. What is left for a flow is how hidden numbers are distributed. The first one, of which the
energy of the whole shower is, needs no encoder: what a shower's energy says of it is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.usecases.calorimeter_showers.by_energy import told
from bartik.usecases.calorimeter_showers.columns import CHANNELS, LAYERS, VOXELS
from bartik.usecases.calorimeter_showers.decoder import Decoder, smooth
from bartik.usecases.calorimeter_showers.size import LATENT

_FEATURES = 2 + LAYERS + VOXELS


class Hidden(nn.Module):
    """Encoder and decoder. Energies [showers, 1] and voxels [showers, VOXELS] are in MeV, hidden numbers [showers, LATENT]."""

    middle: Tensor
    spread: Tensor

    def __init__(self, threshold: float, energies: tuple[float, float], hidden: Sequence[int]) -> None:
        """``hidden`` layers of the decoder, of the encoder in turn; ``threshold`` in MeV, range of energies."""
        super().__init__()
        self.threshold = threshold
        self.encoder = smooth([_FEATURES, *reversed(hidden), 2 * (LATENT - 1)])
        self.decoder = Decoder(threshold, energies, hidden)
        self.register_buffer("middle", torch.zeros(_FEATURES))
        self.register_buffer("spread", torch.ones(_FEATURES))

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn spots, scales of features and the mean showers; a trained network keeps what differs from the mean."""
        self.decoder.adapt_to(inputs, showers)
        features = self._features(torch.from_numpy(inputs["energy"]), torch.from_numpy(showers))
        self.middle.copy_(features.mean(0))
        self.spread.copy_(features.std(0) + 1e-4)

    def told(self, energy: Tensor) -> Tensor:
        """What networks are told of the energy [showers, 2]."""
        return told(self.decoder.scaled(energy))

    def encoded(self, energy: Tensor, voxels: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden numbers, drawn, and the logarithm of the density that they were drawn from [showers], constants left out."""
        found = self.encoder((self._features(energy, voxels) - self.middle) / self.spread)
        first, width = self.decoder.first(voxels, energy)
        mean = torch.cat([first, found[:, : LATENT - 1]], 1)
        log_width = torch.cat([torch.log(width), found[:, LATENT - 1 :].clamp(-7.0, 1.0)], 1)
        noise = torch.randn_like(mean)
        return mean + torch.exp(log_width) * noise, -(log_width + 0.5 * noise**2).sum(1)

    def log_density(self, numbers: Tensor, energy: Tensor, voxels: Tensor) -> Tensor:
        """Of voxels [showers], where the hidden ``numbers`` are given."""
        return torch.as_tensor(self.decoder.spots.log_density(self.decoder(numbers, energy), voxels).sum(1))

    def showers(self, numbers: Tensor, energy: Tensor, noise: Tensor) -> Tensor:
        """Voxels of hidden ``numbers`` and Gaussian ``noise`` [showers, VOXELS]."""
        return self.decoder.showers(numbers, energy, noise)

    def _features(self, energy: Tensor, voxels: Tensor) -> Tensor:
        cube = voxels.reshape(-1, LAYERS, CHANNELS)
        layers = cube.sum(2) + self.threshold
        shares = (cube / layers.unsqueeze(2)).reshape(-1, VOXELS)
        pull, _ = self.decoder.first(voxels, energy)
        return torch.cat([self.decoder.scaled(energy), pull, torch.log(layers / energy), shares], 1)
