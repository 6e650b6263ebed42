"""The generator of the adversarial network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.adversarial import leaky
from bartik.nn.marginals import MarginalTables
from bartik.usecases.ultrafast_simulation.columns import DLL, IDENTITY
from bartik.usecases.ultrafast_simulation.layers import Seen
from bartik.usecases.ultrafast_simulation.networks import lit
from bartik.usecases.ultrafast_simulation.rich_gan.data import NOISE

_SPREAD = 1.8138  # of the logistic distribution


class RingsByGan(nn.Module):
    """Likelihoods of the RICH [rows, 4] from noise [rows, 8], between the same tables of marginals as in the flow."""

    history: Tensor

    def __init__(self, hidden: Sequence[int], epochs: int) -> None:
        """``hidden`` are the layers of the generator; ``epochs`` are kept in mind with both losses and the distance from held-out rows."""
        super().__init__()
        self.seen, self.tables = Seen([column.name for column in IDENTITY]), MarginalTables(len(DLL))
        self.dense = leaky([self.seen.width + NOISE, *hidden, len(DLL)])
        self.register_buffer("history", torch.zeros(epochs, 3))

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        self.seen.adapt(inputs["features"])

    def numbers(self, conditions: Tensor, noise: Tensor) -> Tensor:
        """What the tables make likelihoods of [rows, 4], from prepared conditions [rows, width] and noise [rows, 8] of width 1."""
        return torch.as_tensor(self.dense(torch.cat([conditions, noise], 1)))

    def forward(self, features: Tensor, noise: Tensor) -> Tensor:
        """Columns of `columns.DLL`."""
        drawn = (torch.log(noise) - torch.log(1 - noise)) * (1 / _SPREAD)
        return torch.as_tensor(self.tables(self.numbers(self.seen(features), drawn)) * lit(features))
