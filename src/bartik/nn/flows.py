"""Conditional densities of several numbers, one after the other: each a quantile function whose shape depends on those before it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from bartik.nn.quantiles import QuantileFunction


class AutoregressiveQuantiles(nn.Module):
    """Numbers z [rows, width] given conditions [rows, conditions], as an autoregressive flow of one step.

    z_k is a `QuantileFunction` of logistic noise e_k whose shape a network of its own reads from the conditions and from z_1 ... z_(k-1).
    One step is as general as these functions are: the conditional distribution of each number may have any shape. Masked autoregressive
    flows (G. Papamakarios et al., arXiv:1705.07057) share one network among the numbers; here each has one, so that sampling
    computes every weight once.
    """

    def __init__(self, conditions: int, width: int, hidden: Sequence[int]) -> None:
        """``hidden`` are the sizes of the layers of each number's network."""
        super().__init__()
        self.quantile = QuantileFunction()
        self.networks = nn.ModuleList(_network([conditions + number, *hidden, QuantileFunction.numbers]) for number in range(width))

    def negative_log_density(self, z: Tensor, conditions: Tensor) -> Tensor:
        """Of each number [rows, width] given those before it; natural logarithm."""
        raw = [network(torch.cat([conditions, z[:, :number]], 1)) for number, network in enumerate(self.networks)]
        noise, slope = self.quantile.inverse(z, torch.stack(raw, 1))
        return noise + 2 * nn.functional.softplus(-noise) + slope

    def forward(self, uniform: Tensor, conditions: Tensor, present: Tensor | None = None) -> Tensor:
        """Numbers z [rows, width] from uniform noise [rows, width] in (0, 1); 0 where ``present`` [rows, width] is 0, as in training."""
        basis = self.quantile.basis(torch.log(uniform) - torch.log(1 - uniform))
        known = conditions
        for number, network in enumerate(self.networks):
            z = self.quantile(basis[:, number], network(known))
            known = torch.cat([known, z if present is None else z * present[:, number : number + 1]], 1)
        return known[:, conditions.shape[1] :]


def _network(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    last = layers[-2]
    assert isinstance(last, nn.Linear)  # noqa: S101 - so made above
    with torch.no_grad():
        last.weight.mul_(0.1)
        last.bias.zero_()
    return nn.Sequential(*layers[:-1])
