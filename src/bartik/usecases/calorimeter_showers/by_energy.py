"""What depends on the energy of the particle: what networks are told of it, and tables by it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_NODES = 12
_FAR = 1e-6
"""Weight of showers of other energies, which count where there are no others."""


def scaled_energy(energy: Tensor, low: float, high: float) -> Tensor:
    """From -1 to 1 for energies from ``low`` to ``high``, in the logarithm."""
    return (torch.log(energy) - 0.5 * math.log(low * high)) * (2 / math.log(high / low))


def told(scaled: Tensor) -> Tensor:
    """What networks are told of a scaled energy [showers, 1]: it and its square [showers, 2]."""
    return torch.cat([scaled, scaled**2], 1)


class ByEnergy(nn.Module):
    """Values [showers, width] at scaled energies [showers, 1], linear between nodes."""

    nodes: Tensor
    table: Tensor

    def __init__(self, width: int) -> None:
        """All values are 0 until they are learnt."""
        super().__init__()
        self.register_buffer("nodes", torch.arange(_NODES, dtype=torch.float32), persistent=False)
        self.register_buffer("table", torch.zeros(_NODES, width))

    def forward(self, scaled: Tensor) -> Tensor:
        """Of the two nodes around an energy, or of the last one beyond all."""
        return self._near(scaled) @ self.table

    def means_of(self, values: Tensor, scaled: Tensor) -> Tensor:
        """Means [nodes, width] of ``values`` [showers, width] around each node."""
        near = self._near(scaled) + _FAR
        return (near.T.double() @ values.double() / near.sum(0, dtype=torch.float64)[:, None]).float()

    def set_to(self, table: Tensor) -> None:
        """A table [nodes, width]."""
        self.table.copy_(table)

    def _near(self, scaled: Tensor) -> Tensor:
        """Weights [showers, nodes]."""
        place = ((scaled + 1) * (0.5 * (_NODES - 1))).clamp(0.0, _NODES - 1.0)
        return torch.relu(1 - torch.abs(place - self.nodes))
