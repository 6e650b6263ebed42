"""What the critic sees of a shower: observables and voxels, each with mean 0 and spread 1 at every energy; they can be differentiated.

Critics of calorimeters are told sums of layers, centres, widths and occupancies, which a network of voxels is slow to find (M. Paganini et
al., arXiv:1712.10321). Energies grow a thousandfold within a sample: without the scale at the energy a critic sees little else.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bartik.core.voxels import Binning
from bartik.usecases.calorimeter_showers.by_energy import ByEnergy
from bartik.usecases.calorimeter_showers.columns import LAYERS, VOXELS

OBSERVABLES = 1 + 8 * LAYERS
"""Of a shower: its energy; energy, centres and widths in x, y and r, and occupancy of layers."""
SEEN = 2 * OBSERVABLES + VOXELS
"""Observables, their squares and voxels: a critic that is told squares need not find out how to compare spreads."""
_LEAST, _NARROWEST = 0.05, 0.25
"""MeV in a layer, added before logarithms; square of a width in mm2, added before roots: both have slopes everywhere."""
_SHARPEST, _QUIETEST, _FARTHEST = 0.001, 0.02, 8.0
"""Spread by which the energy of a shower is divided, at least, which at high energies is known to 1%; that of other numbers; spreads at
which both are cut."""


class Seen(nn.Module):
    """Forward takes voxels [showers, VOXELS] and energies [showers, 1] in MeV, scaled energies [showers, 1] and which voxels are lit."""

    member: Tensor
    places: Tensor
    squares: Tensor

    def __init__(self, binning: Binning, threshold: float) -> None:
        """Places of the voxels and the read-out ``threshold`` in MeV."""
        super().__init__()
        self.threshold = threshold
        self.middle, self.spread = ByEnergy(OBSERVABLES + VOXELS), ByEnergy(OBSERVABLES + VOXELS)
        layers = torch.as_tensor(binning.layer)
        member = (layers[:, None] == torch.arange(LAYERS)).float()
        at = torch.stack([torch.as_tensor(place, dtype=torch.float32) for place in (binning.x, binning.y, binning.radius)])
        self.register_buffer("member", member, persistent=False)
        self.register_buffer("places", at[:, :, None] * member, persistent=False)
        self.register_buffer("squares", at[:, :, None] ** 2 * member, persistent=False)

    def adapt(self, voxels: Tensor, energy: Tensor, scaled: Tensor) -> None:
        """Learn means and spreads of true showers."""
        found = self._numbers(voxels, energy, (voxels > 0).float())
        self.middle.set_to(self.middle.means_of(found, scaled))
        squares = self.spread.means_of((found - self.middle(scaled)) ** 2, scaled)
        least = torch.tensor([_SHARPEST] + [_QUIETEST] * (squares.shape[1] - 1))
        self.spread.set_to(torch.maximum(torch.sqrt(squares), least))

    def forward(self, voxels: Tensor, energy: Tensor, scaled: Tensor, lit: Tensor) -> Tensor:
        """Numbers [showers, SEEN] in spreads from the mean of the energy; ``lit`` [showers, VOXELS] is 1 for a voxel with energy."""
        away = (self._numbers(voxels, energy, lit) - self.middle(scaled)) / self.spread(scaled)
        away = away.clamp(-_FARTHEST, _FARTHEST)
        squares = (away[:, :OBSERVABLES] ** 2 - 1) * math.sqrt(0.5)
        return torch.cat([away, squares.clamp(max=_FARTHEST)], 1)

    def layers(self, voxels: Tensor) -> Tensor:
        """Logarithms of the energies of layers [showers, LAYERS]."""
        return torch.log(voxels @ self.member + _LEAST)

    def _numbers(self, voxels: Tensor, energy: Tensor, lit: Tensor) -> Tensor:
        layers = voxels @ self.member
        total = torch.log(layers.sum(1, keepdim=True) + self.threshold) - torch.log(energy)
        found = [total, torch.log(layers + _LEAST)]
        for places, squares in zip(self.places, self.squares, strict=True):
            centre = voxels @ places / (layers + self.threshold)
            square = voxels @ squares / (layers + self.threshold)
            found += [centre, torch.sqrt((square - centre**2).clamp(min=0.0) + _NARROWEST)]
        return torch.cat([*found, lit @ self.member / self.member.sum(0), torch.log1p(voxels / (4 * self.threshold))], 1)
