"""A shower as independent-looking numbers of order one, and back: what all models share.

Energy is divided step by step in two: that of the particle between seen and not, that of the shower among layers, a layer's among rings, a
ring's among sectors. The logarithm of each ratio, less its mean and over its spread at the energy that is divided, is a number of order
one. For showers of independent spots these numbers are nearly independent: the shares of a gamma process are (T. S. Ferguson, Ann. Stat. 1
(1973) 209). The way back is a part of every graph. Voxels without energy get some below the threshold, which takes it away again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.usecases.calorimeter_showers.columns import CHANNELS, LAYERS, RINGS, SECTORS, VOXELS

_NODES = 16
"""Energies at which means and spreads are known; between them they are interpolated in the logarithm."""
_FILL, _FILL_SPREAD = 0.03, 0.4
"""What a voxel without energy is given: a logarithm around this part of the threshold, so far below that no model's error reaches up."""
_WIDEST = 7.0
"""Standard deviations a number may be away from its mean."""
_STEPS = 400_000
"""Numbers of a sample from which means and spreads are learnt, at most."""


class Halves(nn.Module):
    """A group of ``parts`` divided by a balanced tree: log ratios [..., parts - 1] of left to right, and log shares [..., parts]."""

    left: Tensor
    right: Tensor

    def __init__(self, parts: int) -> None:
        """The first split divides all parts, the last ones two."""
        super().__init__()
        rows: list[tuple[list[float], list[float]]] = []
        _divide(range(parts), parts, rows)
        self.register_buffer("left", torch.tensor([row[0] for row in rows]))
        self.register_buffer("right", torch.tensor([row[1] for row in rows]))

    def ratios(self, energies: Tensor) -> Tensor:
        """Of positive ``energies`` [..., parts]."""
        return torch.log(energies @ self.left.T) - torch.log(energies @ self.right.T)

    def shares(self, ratios: Tensor) -> Tensor:
        """Logarithms of the shares [..., parts]."""
        to_right = nn.functional.softplus(ratios)
        return (ratios - to_right) @ self.left - to_right @ self.right


class Scale(nn.Module):
    """Numbers of order one from ``channels`` ratios of each of ``groups``, by the energy that is divided."""

    mean: Tensor
    spread: Tensor
    nodes: Tensor
    low: Tensor
    step: Tensor

    def __init__(self, groups: int, channels: int) -> None:
        """Mean 0 and spread 1 until `adapt`."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(groups, channels, _NODES))
        self.register_buffer("spread", torch.ones(groups, channels, _NODES))
        self.register_buffer("nodes", torch.arange(_NODES, dtype=torch.float32))
        self.register_buffer("low", torch.tensor(0.0))
        self.register_buffer("step", torch.tensor(1.0))

    def adapt(self, ratios: Tensor, log_energy: Tensor) -> None:
        """Learn from ratios [showers, groups, channels] at log energies [showers, groups]."""
        low, high = float(log_energy.min()), float(log_energy.max())
        self.low.fill_(low)
        self.step.fill_(max(high - low, 1e-3) / (_NODES - 1))
        near = self.near(log_energy).double()
        total = near.sum(0)[:, None] + 1e-9
        values = ratios.double()
        mean = torch.einsum("sgn,sgc->gcn", near, values) / total
        square = torch.einsum("sgn,sgc->gcn", near, values**2) / total
        known = (total > 30).expand_as(mean)
        spread = torch.sqrt((square - mean**2).clamp(min=1e-4))
        self.mean.copy_(_filled(mean, known))
        self.spread.copy_(_filled(spread, known))

    def near(self, log_energy: Tensor) -> Tensor:
        """How near an energy is to each node, in all 1 [..., nodes]."""
        place = ((log_energy - self.low) / self.step).clamp(0.0, _NODES - 1.0)
        return torch.relu(1 - torch.abs(place.unsqueeze(-1) - self.nodes))

    def at(self, log_energy: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and spread [showers, groups, channels] at log energies [showers, groups]."""
        near = self.near(log_energy).unsqueeze(-2)
        return (near * self.mean).sum(-1), (near * self.spread).sum(-1)


class Splits(nn.Module):
    """Between numbers of order one [showers, layers, channels] and voxels in MeV.

    Of a layer's channels the first belongs to the division among layers (in the first layer it is the share of the particle's energy that
    is seen), the next ``RINGS - 1`` divide the layer among rings, the others each ring among sectors.
    """

    def __init__(self, threshold: float) -> None:
        """Read-out ``threshold`` of a voxel in MeV."""
        super().__init__()
        self.threshold = threshold
        self.layers, self.rings, self.sectors = Halves(LAYERS), Halves(RINGS), Halves(SECTORS)
        self.layer_scale = Scale(1, LAYERS)
        self.ring_scale = Scale(LAYERS, RINGS - 1)
        self.sector_scale = Scale(LAYERS * RINGS, SECTORS - 1)

    def adapt(self, energy: Array, showers: Array) -> None:
        """Learn means and spreads of training showers [showers, voxels] of particles of an ``energy`` [showers, 1]."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            parts = self._ratios(torch.from_numpy(energy), self.filled(torch.from_numpy(showers)))
        for scale, (ratios, log_energy) in zip((self.layer_scale, self.ring_scale, self.sector_scale), parts, strict=True):
            scale.adapt(ratios, log_energy)

    def filled(self, showers: Tensor) -> Tensor:
        """Voxels without energy get a random one below the threshold, Gaussian in its logarithm."""
        low = torch.exp(torch.randn_like(showers) * _FILL_SPREAD) * (_FILL * self.threshold)
        return torch.where(showers >= self.threshold, showers, low)

    def encode(self, energy: Tensor, showers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Numbers of layers [showers, LAYERS], rings [.., LAYERS, RINGS - 1] and sectors [.., LAYERS, RINGS * (SECTORS - 1)]."""
        found = []
        for scale, (ratios, log_energy) in zip(
            (self.layer_scale, self.ring_scale, self.sector_scale), self._ratios(energy, self.filled(showers)), strict=True
        ):
            mean, spread = scale.at(log_energy)
            found.append(((ratios - mean) / spread).clamp(-_WIDEST, _WIDEST))
        return found[0][:, 0], found[1], found[2].reshape(-1, LAYERS, RINGS * (SECTORS - 1))

    def layer_energies(self, numbers: Tensor, energy: Tensor) -> Tensor:
        """Log energies of layers [showers, LAYERS] from ``numbers`` [showers, LAYERS]."""
        log_energy = torch.log(energy)
        ratios = self._back(self.layer_scale, numbers.unsqueeze(1), log_energy)[:, 0]
        seen, divided = ratios[:, :1], ratios[:, 1:]
        return log_energy + seen + self.layers.shares(divided)

    def ring_energies(self, numbers: Tensor, layers: Tensor) -> Tensor:
        """Log energies of rings [showers, LAYERS, RINGS] from ``numbers`` [showers, LAYERS, RINGS - 1] and those of ``layers``."""
        return layers.unsqueeze(-1) + self.rings.shares(self._back(self.ring_scale, numbers, layers))

    def voxels(self, numbers: Tensor, rings: Tensor) -> Tensor:
        """Energies in MeV [showers, VOXELS] from ``numbers`` [showers, LAYERS, RINGS * (SECTORS - 1)] and log energies of ``rings``."""
        flat = rings.reshape(-1, LAYERS * RINGS)
        ratios = self._back(self.sector_scale, numbers.reshape(-1, LAYERS * RINGS, SECTORS - 1), flat)
        logs = (flat.unsqueeze(-1) + self.sectors.shares(ratios)).reshape(-1, LAYERS, RINGS, SECTORS)
        energies = torch.exp(logs).transpose(2, 3).reshape(-1, VOXELS)
        return torch.where(energies >= self.threshold, energies, torch.zeros_like(energies))

    def forward(self, numbers: Tensor, energy: Tensor) -> Tensor:
        """Voxels in MeV from all numbers [showers, LAYERS, CHANNELS]."""
        layers = self.layer_energies(numbers[:, :, 0], energy)
        rings = self.ring_energies(numbers[:, :, 1:RINGS], layers)
        return self.voxels(numbers[:, :, RINGS:], rings)

    def together(self, energy: Tensor, showers: Tensor) -> Tensor:
        """`encode` in one [showers, LAYERS, CHANNELS]: what `forward` takes."""
        layers, rings, sectors = self.encode(energy, showers)
        return torch.cat([layers.unsqueeze(-1), rings, sectors], 2)

    def _back(self, scale: Scale, numbers: Tensor, log_energy: Tensor) -> Tensor:
        mean, spread = scale.at(log_energy)
        return mean + spread * numbers.clamp(-_WIDEST, _WIDEST)

    def _ratios(self, energy: Tensor, filled: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Ratios [showers, groups, channels] and log energies [showers, groups] that are divided: among layers, rings, sectors."""
        cube = filled.reshape(-1, LAYERS, SECTORS, RINGS).transpose(2, 3)
        rings = cube.sum(3)
        layers = rings.sum(2)
        log_energy = torch.log(energy)
        seen = torch.log(layers.sum(1, keepdim=True)) - log_energy
        first = torch.cat([seen, self.layers.ratios(layers)], 1).unsqueeze(1)
        flat = cube.reshape(-1, LAYERS * RINGS, SECTORS)
        return [
            (first, log_energy),
            (self.rings.ratios(rings), torch.log(layers)),
            (self.sectors.ratios(flat), torch.log(rings).reshape(-1, LAYERS * RINGS)),
        ]


def scaled_energy(energy: Tensor, low: float, high: float) -> Tensor:
    """From -1 to 1 for energies from ``low`` to ``high``, in the logarithm."""
    return (torch.log(energy) - 0.5 * math.log(low * high)) * (2 / math.log(high / low))


def _divide(parts: Sequence[int], count: int, rows: list[tuple[list[float], list[float]]]) -> None:
    if len(parts) < 2:
        return
    middle = len(parts) // 2
    sides = (parts[:middle], parts[middle:])
    rows.append(tuple([float(place in side) for place in range(count)] for side in sides))  # type: ignore[arg-type]
    for side in sides:
        _divide(side, count, rows)


def _filled(values: Tensor, known: Tensor) -> Tensor:
    """Where a node has too few showers it has what the nearest node of the same channel has that is known."""
    found = values.clone()
    places = torch.arange(values.shape[-1])
    for node in range(values.shape[-1]):
        distance = (places - node).abs() + (~known) * 1000
        nearest = distance.argmin(-1, keepdim=True)
        found[..., node] = values.gather(-1, nearest)[..., 0]
    return found.float()


assert CHANNELS == 1 + (RINGS - 1) + RINGS * (SECTORS - 1)  # noqa: S101
