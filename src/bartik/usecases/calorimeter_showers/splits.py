"""A shower as independent-looking numbers of order one, and back: what all models share.

Energy is divided step by step in two: that of the particle between seen and not, that of the shower among layers, a layer's among rings, a
ring's among sectors. The logarithm of each ratio is made a Gaussian number by its quantiles at the energy that is divided. For showers of
independent spots these numbers are nearly independent: the shares of a gamma process are (T. S. Ferguson, Ann. Stat. 1 (1973) 209). The way
back is a part of every graph. Voxels without energy get some far below the threshold, which takes it away again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor, nn

from bartik.core import Array
from bartik.usecases.calorimeter_showers.columns import CHANNELS, LAYERS, RINGS, SECTORS, VOXELS

_NODES, _KNOTS = 12, 25
"""Energies, and values of a Gaussian number, at which quantiles of ratios are known."""
_LEAST, _RISE = 400, 1e-3
"""Showers of which quantiles are taken, at least; by how much a quantile is above the one before, at least."""
_FILL, _FILL_SPREAD = 0.03, 0.4
"""What a voxel without energy is given: a logarithm around this part of the threshold, so far below that no model's error reaches up."""
_WIDEST = 3.6
"""A Gaussian number is cut there."""


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
    """Gaussian numbers from ``channels`` ratios of each of ``groups``: by their quantiles at the energy that is divided.

    Ratios have two or three peaks where a part may have no energy; their quantiles make one of them. What is left for a network is how
    numbers depend on one another. Between `_NODES` energies quantiles are interpolated in the logarithm, between `_KNOTS` of a number too.
    """

    table: Tensor
    begin: Tensor
    low: Tensor
    step: Tensor

    def __init__(self, groups: int, channels: int) -> None:
        """A ratio is its own number until `adapt`."""
        super().__init__()
        grid = torch.linspace(-_WIDEST, _WIDEST, _KNOTS)
        self.register_buffer("table", grid.expand(groups, _NODES, channels, _KNOTS).contiguous())
        begin = torch.arange(groups)[:, None] * (_NODES * channels) + torch.arange(channels)
        self.register_buffer("begin", _KNOTS * begin.float(), persistent=False)
        self.register_buffer("low", torch.tensor(0.0))
        self.register_buffer("step", torch.tensor(1.0))

    def adapt(self, ratios: Tensor, log_energy: Tensor) -> None:
        """Learn from ratios [showers, groups, channels] at log energies [showers, groups]."""
        low, high = float(log_energy.min()), float(log_energy.max())
        self.low.fill_(low)
        self.step.fill_(max(high - low, 1e-3) / (_NODES - 1))
        levels = norm.cdf(np.linspace(-_WIDEST, _WIDEST, _KNOTS))
        values, energies = ratios.double().numpy(), log_energy.double().numpy()
        for group in range(values.shape[1]):
            for node in range(_NODES):
                away = np.abs(energies[:, group] - (low + node * float(self.step)))
                count = min(len(away), max(_LEAST, int((away < 0.6 * float(self.step)).sum())))
                rows = np.argpartition(away, count - 1)[:count]
                found = np.quantile(values[rows, group], levels, axis=0).T
                rising = np.maximum.accumulate(found, axis=1) + _RISE * np.arange(_KNOTS)
                self.table[group, node] = torch.from_numpy(rising).float()

    def numbers(self, ratios: Tensor, log_energy: Tensor) -> Tensor:
        """Gaussian numbers of ratios, both [showers, groups, channels]."""
        node, part = self._node(log_energy)
        which = node[..., 0].long()
        groups = torch.arange(self.table.shape[0])
        part = part.unsqueeze(-1)
        at = self.table[groups, which] * (1 - part) + self.table[groups, which + 1] * part
        passed = ((ratios.unsqueeze(-1) - at[..., :-1]) / (at[..., 1:] - at[..., :-1])).clamp(0.0, 1.0)
        return passed.sum(-1) * (2 * _WIDEST / (_KNOTS - 1)) - _WIDEST

    def ratios(self, numbers: Tensor, log_energy: Tensor) -> Tensor:
        """Inverse of `numbers`."""
        place = (numbers.clamp(-_WIDEST, _WIDEST) + _WIDEST) * ((_KNOTS - 1) / (2 * _WIDEST))
        knot, (node, part) = _below(place, _KNOTS - 2.0), self._node(log_energy)
        rest, up = place - knot, self.table.shape[2] * _KNOTS
        at = (self.begin + node * up + knot).long()
        below = self._looked_up(at) * (1 - rest) + self._looked_up(at + 1) * rest
        above = self._looked_up(at + up) * (1 - rest) + self._looked_up(at + (up + 1)) * rest
        return below * (1 - part) + above * part

    def _node(self, log_energy: Tensor) -> tuple[Tensor, Tensor]:
        """Number of the node below an energy, and how far on the way to the next it is, both [showers, groups, 1]."""
        place = ((log_energy - self.low) / self.step).clamp(0.0, _NODES - 1.0).unsqueeze(-1)
        node = _below(place, _NODES - 2.0)
        return node, place - node

    def _looked_up(self, at: Tensor) -> Tensor:
        return nn.functional.embedding(at, self.table.reshape(-1, 1)).squeeze(-1)


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
        """Learn quantiles of training showers [showers, voxels] of particles of an ``energy`` [showers, 1]."""
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
        scales = (self.layer_scale, self.ring_scale, self.sector_scale)
        parts = zip(scales, self._ratios(energy, self.filled(showers)), strict=True)
        found = [scale.numbers(ratios, log_energy) for scale, (ratios, log_energy) in parts]
        return found[0][:, 0], found[1], found[2].reshape(-1, LAYERS, RINGS * (SECTORS - 1))

    def layer_energies(self, numbers: Tensor, energy: Tensor) -> Tensor:
        """Log energies of layers [showers, LAYERS] from ``numbers`` [showers, LAYERS]."""
        log_energy = torch.log(energy)
        ratios = self.layer_scale.ratios(numbers.unsqueeze(1), log_energy)[:, 0]
        seen, divided = ratios[:, :1], ratios[:, 1:]
        return log_energy + seen + self.layers.shares(divided)

    def ring_energies(self, numbers: Tensor, layers: Tensor) -> Tensor:
        """Log energies of rings [showers, LAYERS, RINGS] from ``numbers`` [showers, LAYERS, RINGS - 1] and those of ``layers``."""
        return layers.unsqueeze(-1) + self.rings.shares(self.ring_scale.ratios(numbers, layers))

    def voxels(self, numbers: Tensor, rings: Tensor) -> Tensor:
        """Energies in MeV [showers, VOXELS] from ``numbers`` [showers, LAYERS, RINGS * (SECTORS - 1)] and log energies of ``rings``."""
        flat = rings.reshape(-1, LAYERS * RINGS)
        ratios = self.sector_scale.ratios(numbers.reshape(-1, LAYERS * RINGS, SECTORS - 1), flat)
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


def _below(place: Tensor, last: float) -> Tensor:
    """The whole number below, at most the ``last``; 0 for a NaN, which would be no place in a table."""
    return torch.where(place > 0, place, torch.zeros_like(place)).floor().clamp(max=last)


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


assert CHANNELS == 1 + (RINGS - 1) + RINGS * (SECTORS - 1)  # noqa: S101
