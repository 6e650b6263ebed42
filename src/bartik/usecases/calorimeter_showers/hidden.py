"""A shower as a few hidden numbers, and the voxels that they let expect: what the flow and flow matching share.

An encoder (D. Kingma, M. Welling, arXiv:1312.6114) finds the hidden numbers: where a shower is, how deep, how wide. A decoder says
from them how many spots each voxel is to expect; given these, voxels are independent, as energies that a calorimeter samples are. What
is left for a flow is how hidden numbers are distributed. Shape and energy of a spot are learnt from voxels that are seldom lit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.spots import MOST, Spots
from bartik.usecases.calorimeter_showers.columns import CHANNELS, LAYERS, RINGS, SECTORS, VOXELS
from bartik.usecases.calorimeter_showers.size import LATENT
from bartik.usecases.calorimeter_showers.splits import scaled_energy

_ALIKE, _IN_A_BIN, _MANY = 24, 75, 10_000
"""Bins of energy, at most, within which showers are taken for alike where spots are learnt; showers in one, at least; many showers."""
_FEATURES = 1 + LAYERS + VOXELS


class Hidden(nn.Module):
    """Encoder, decoder and spots. Energies [showers, 1] and voxels [showers, VOXELS] are in MeV, hidden numbers [showers, LATENT]."""

    middle: Tensor
    spread: Tensor
    shares: Tensor

    def __init__(self, threshold: float, energies: tuple[float, float], hidden: Sequence[int]) -> None:
        """``hidden`` layers of the decoder, and of the encoder in turn; read-out ``threshold`` in MeV, lowest and highest energy."""
        super().__init__()
        self.threshold, self.energies, self.spots = threshold, energies, Spots(threshold)
        self.encoder = smooth([_FEATURES, *reversed(hidden), 2 * LATENT])
        self.decoder = smooth([LATENT + 2, *hidden, VOXELS])
        self.register_buffer("middle", torch.zeros(_FEATURES))
        self.register_buffer("spread", torch.ones(_FEATURES))
        self.register_buffer("shares", torch.zeros(VOXELS))
        with torch.no_grad():
            self._last.weight.mul_(0.1)
            self._last.bias.zero_()

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn spots, scales of features and the mean shower; a trained network keeps what differs from the mean."""
        energy, voxels = torch.from_numpy(inputs["energy"]), torch.from_numpy(showers)
        self.spots.adapt(*_alike(inputs["energy"][:, 0], showers, self.energies))
        features = self._features(energy, voxels)
        self.middle.copy_(features.mean(0))
        self.spread.copy_(features.std(0) + 1e-4)
        shares = torch.log((voxels / energy).mean(0) + 1e-9)
        with torch.no_grad():
            self._last.bias.add_(shares - self.shares)
        self.shares.copy_(shares)

    def told(self, energy: Tensor) -> Tensor:
        """What networks are told of the energy [showers, 2]."""
        scaled = scaled_energy(energy, *self.energies)
        return torch.cat([scaled, scaled**2], 1)

    def encoded(self, energy: Tensor, voxels: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden numbers, drawn, and the logarithm of the density that they were drawn from [showers], constants left out."""
        found = self.encoder((self._features(energy, voxels) - self.middle) / self.spread)
        mean, log_width = found.chunk(2, 1)
        log_width, noise = log_width.clamp(-7.0, 1.0), torch.randn_like(mean)
        return mean + torch.exp(log_width) * noise, -(log_width + 0.5 * noise**2).sum(1)

    def log_density(self, numbers: Tensor, energy: Tensor, voxels: Tensor) -> Tensor:
        """Of voxels [showers], where the hidden ``numbers`` are given."""
        return torch.as_tensor(self.spots.log_density(self._expected(numbers, energy), voxels).sum(1))

    def showers(self, numbers: Tensor, energy: Tensor, noise: Tensor) -> Tensor:
        """Voxels of hidden ``numbers`` and Gaussian ``noise`` [showers, VOXELS]."""
        return self.spots.sample(self._expected(numbers, energy), noise)

    @property
    def _last(self) -> nn.Linear:
        return cast(nn.Linear, self.decoder[-1])

    def _expected(self, numbers: Tensor, energy: Tensor) -> Tensor:
        """Logarithms of the numbers of spots."""
        logs = self.decoder(torch.cat([numbers, self.told(energy)], 1))
        return torch.as_tensor((logs + torch.log(energy / self.spots.mean)).clamp(-20.0, MOST))

    def _features(self, energy: Tensor, voxels: Tensor) -> Tensor:
        cube = voxels.reshape(-1, LAYERS, CHANNELS)
        layers = cube.sum(2) + self.threshold
        shares = (cube / layers.unsqueeze(2)).reshape(-1, VOXELS)
        return torch.cat([scaled_energy(energy, *self.energies), torch.log(layers / energy), shares], 1)


def _alike(energy: Array, showers: Array, energies: tuple[float, float]) -> tuple[Array, Array]:
    """Voxels [rows, voxels] and bin of energy [rows]; where showers are few, those of all sectors stand below one another."""
    low, high = energies
    bins = max(1, min(_ALIKE, len(energy) // _IN_A_BIN))
    places = (bins * np.log(energy / low) / np.log(high / low)).astype(np.int64)
    if len(energy) >= _MANY:
        return showers, places
    cube = showers.reshape(-1, LAYERS, SECTORS, RINGS).transpose(0, 2, 1, 3)
    return cube.reshape(-1, LAYERS * RINGS), np.repeat(places, SECTORS)


def smooth(sizes: Sequence[int]) -> nn.Sequential:
    """Dense layers with SiLU between."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.SiLU()]
    return nn.Sequential(*layers[:-1])
