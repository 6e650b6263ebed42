"""A coupling flow in three steps: energies of layers, then of rings, then of sectors, each told the energies before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.coupling import Coupling, CouplingFlow
from bartik.usecases.calorimeter_showers.columns import CHANNELS, LAYERS, RINGS, SECTORS
from bartik.usecases.calorimeter_showers.splits import Splits, scaled_energy

_BY_CHANNEL = ("even channels", "odd channels")
_BY_TOKEN = ("even tokens", "odd tokens")


class ShowerFlow(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, LAYERS * CHANNELS], and gives voxels [showers, VOXELS] in MeV."""

    place: Tensor

    def __init__(
        self, threshold: float, energies: tuple[float, float], hidden: Sequence[int], couplings: Sequence[int], bins: int, summary: int
    ) -> None:
        """Splines of so many ``bins``; ``couplings`` of the first step and of each of the others, whose couplings have no splines."""
        super().__init__()
        self.energies, self.splits = energies, Splits(threshold)
        self.register_buffer("place", torch.eye(LAYERS))
        first, others = couplings
        self.layers = _flow(_BY_CHANNEL, first, (1, LAYERS, 2), hidden, 0, (bins, bins))
        self.rings = _flow((*_BY_TOKEN, *_BY_CHANNEL), others, (LAYERS, RINGS - 1, 2 * LAYERS + 3), hidden, summary, (bins, 0))
        sizes = LAYERS, RINGS * (SECTORS - 1), LAYERS + 3 + RINGS
        self.sectors = _flow((*_BY_TOKEN, *_BY_CHANNEL), others, sizes, hidden, summary, (bins, 0))

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn quantiles of training showers."""
        self.splits.adapt(inputs["energy"], showers)

    def log_density(self, energy: Tensor, showers: Tensor) -> Tensor:
        """Of showers [rows] of particles of an energy [rows, 1], in the numbers of order one."""
        layers, rings, sectors = self.splits.encode(energy, showers)
        log_layers = self.splits.layer_energies(layers, energy)
        log_rings = self.splits.ring_energies(rings, log_layers)
        first = self.layers.log_density(layers.unsqueeze(1), self._for_layers(energy))
        second = self.rings.log_density(rings, self._for_rings(energy, log_layers))
        return first + second + self.sectors.log_density(sectors, self._for_sectors(energy, log_layers, log_rings))

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        numbers = noise.reshape(-1, LAYERS, CHANNELS)
        layers = self.layers.sample(numbers[:, :, 0].unsqueeze(1), self._for_layers(energy)).squeeze(1)
        log_layers = self.splits.layer_energies(layers, energy)
        rings = self.rings.sample(numbers[:, :, 1:RINGS], self._for_rings(energy, log_layers))
        log_rings = self.splits.ring_energies(rings, log_layers)
        sectors = self.sectors.sample(numbers[:, :, RINGS:], self._for_sectors(energy, log_layers, log_rings))
        return torch.as_tensor(self.splits.voxels(sectors, log_rings))

    def _for_layers(self, energy: Tensor) -> Tensor:
        scaled = scaled_energy(energy, *self.energies)
        return torch.cat([scaled, scaled**2], 1).unsqueeze(1)

    def _for_rings(self, energy: Tensor, log_layers: Tensor) -> Tensor:
        """Which layer, its energy, that of the particle, and what shares all layers have."""
        own, places = self._own(energy, log_layers)
        shares = _relative(log_layers, energy).unsqueeze(1).expand(-1, LAYERS, -1)
        return torch.cat([own, places, shares], 2)

    def _for_sectors(self, energy: Tensor, log_layers: Tensor, log_rings: Tensor) -> Tensor:
        own, places = self._own(energy, log_layers)
        return torch.cat([own, places, _scaled(log_rings)], 2)

    def _own(self, energy: Tensor, log_layers: Tensor) -> tuple[Tensor, Tensor]:
        particle = scaled_energy(energy, *self.energies).unsqueeze(1) + torch.zeros_like(log_layers).unsqueeze(-1)
        layer, share = _scaled(log_layers).unsqueeze(-1), _relative(log_layers, energy).unsqueeze(-1)
        return torch.cat([particle, layer, share], 2), torch.zeros_like(layer) + self.place


def _scaled(log_energy: Tensor) -> Tensor:
    """Logarithms of MeV to order one."""
    return (log_energy - 3.0) * 0.25


def _relative(log_layers: Tensor, energy: Tensor) -> Tensor:
    """Logarithms of shares of the particle's energy, to order one, of those that have next to nothing alike."""
    return (log_layers - torch.log(energy)).clamp(-9.0, 0.0) * 0.25 + 1.0


def _flow(
    kinds: Sequence[str], count: int, sizes: tuple[int, int, int], hidden: Sequence[int], summary: int, bins: tuple[int, int]
) -> CouplingFlow:
    """Splines that the context alone decides, then so many couplings of the ``kinds`` in turn; ``sizes`` are tokens, channels, context."""
    first = Coupling("all", *sizes, hidden, 0, bins[0])
    return CouplingFlow([first, *(Coupling(kinds[place % len(kinds)], *sizes, hidden, summary, bins[1]) for place in range(count))])
