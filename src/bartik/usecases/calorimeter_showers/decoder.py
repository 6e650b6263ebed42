"""How many spots each voxel of a shower is to expect, from a few hidden numbers and the energy: what all models share.

A network says how a shower differs from the mean one of its energy in the shares of its voxels, whose sum is 1. Given the numbers of spots,
voxels are independent, as energies that a calorimeter samples are (`bartik.nn.spots`).

The energy of the whole shower is no matter of the network. Spots give the stochastic term of the resolution. What showers fluctuate by
besides is measured before the training, as a spread at each energy, and the first hidden number is in units of it. A network that may add
to the energy learns to take this number back, so that the resolution is too good, and moves the mean, where that makes shares likelier; one
that is told the number gives it another meaning.
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
from bartik.usecases.calorimeter_showers.by_energy import ByEnergy, scaled_energy, told
from bartik.usecases.calorimeter_showers.columns import LAYERS, RINGS, SECTORS, VOXELS
from bartik.usecases.calorimeter_showers.size import LATENT

_NOTHING, _FAINTEST, _FARTHEST = 1e-9, 1e-3, 8.0
"""Share of a voxel that never has energy; of the mean energy, what a shower has at least where its logarithm is taken; largest first number
that is read from a shower: an empty one would have some hundreds."""
_ALIKE, _IN_A_BIN, _MANY = 24, 75, 10_000
"""Bins of energy, at most, within which showers are taken for alike where spots are learnt; showers in one, at least; many showers."""


class Decoder(nn.Module):
    """Forward takes hidden numbers [showers, LATENT] and energies [showers, 1] in MeV, and gives log numbers [showers, VOXELS]."""

    def __init__(self, threshold: float, energies: tuple[float, float], hidden: Sequence[int]) -> None:
        """``hidden`` layers; ``threshold`` in MeV, lowest and highest energy."""
        super().__init__()
        self.energies, self.spots, self.mean, self.spread = energies, Spots(threshold), ByEnergy(VOXELS + 1), ByEnergy(1)
        self.network = smooth([LATENT + 1, *hidden, VOXELS])
        with torch.no_grad():
            last = cast(nn.Linear, self.network[-1])
            last.weight.mul_(0.1)
            last.bias.zero_()

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn spots, and of each energy the mean shower and how its energy is spread; the network keeps what differs from it."""
        energy, voxels = torch.from_numpy(inputs["energy"]), torch.from_numpy(showers)
        self.spots.adapt(*_alike(inputs["energy"][:, 0], showers, self.energies))
        shares = self.mean.means_of(voxels / energy, self.scaled(energy)) + _NOTHING
        total = shares.sum(1, keepdim=True)
        self.mean.set_to(torch.log(torch.cat([shares / total, total], 1)))
        away, by_spots = self.away(voxels, energy)
        self.spread.set_to(self.spread.means_of(away**2 - by_spots, self.scaled(energy)).clamp(min=_NOTHING).sqrt())

    def away(self, voxels: Tensor, energy: Tensor) -> tuple[Tensor, Tensor]:
        """How far energies of whole showers are from the mean, relative [showers, 1], and what variance they have by spots alone."""
        mean = energy * torch.exp(self.mean(self.scaled(energy))[:, VOXELS:])
        return voxels.sum(1, keepdim=True) / mean - 1, (1 + 1 / self.spots.shape) * self.spots.mean / mean

    def first(self, voxels: Tensor, energy: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and spread of the first hidden number of showers, each [showers, 1], by their energies."""
        (away, by_spots), spread = self.away(voxels, energy), self.spread(self.scaled(energy))
        both = by_spots + spread**2
        mean = (torch.log((1 + away).clamp(min=_FAINTEST)) + 0.5 * both) * spread / both
        return mean.clamp(-_FARTHEST, _FARTHEST), torch.sqrt(by_spots / both)

    def scaled(self, energy: Tensor) -> Tensor:
        """The energy from -1 to 1."""
        return scaled_energy(energy, *self.energies)

    def forward(self, numbers: Tensor, energy: Tensor) -> Tensor:
        """Of the mean shower, and what the network adds."""
        scaled = self.scaled(energy)
        mean, spread = self.mean(scaled), self.spread(scaled)
        shares = torch.log_softmax(mean[:, :VOXELS] + self.network(torch.cat([numbers[:, 1:], told(scaled)], 1)), 1)
        total = mean[:, VOXELS:] + spread * (numbers[:, :1] - 0.5 * spread) + torch.log(energy / self.spots.mean)
        return torch.as_tensor((shares + total).clamp(-20.0, MOST))

    def showers(self, numbers: Tensor, energy: Tensor, noise: Tensor) -> Tensor:
        """Voxels in MeV of hidden ``numbers`` and Gaussian ``noise``, both [showers, VOXELS]."""
        return self.spots.sample(self(numbers, energy), noise)


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
