"""Common-specific decomposition: a last layer that keeps apart what holds in every domain and what is of one domain alone.

V. Piratla, P. Netrapalli, S. Sarawagi, Efficient domain generalization via common-specific low-rank decomposition, ICML 2020,
arXiv:2003.12815; for particle identification LHCb, arXiv:2212.07274. In domain i the weights are W_i = w_c + γ_i w_s, with w_s
orthogonal to w_c; only w_c is kept for domains that training has not seen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CommonSpecific(nn.Module):
    """A linear layer [..., inputs] to [..., outputs] of which `forward` is the common part; `within` is that of a row's own domain."""

    def __init__(self, inputs: int, outputs: int, domains: int) -> None:
        """One specific direction, with a share γ of it for each of so many ``domains``."""
        super().__init__()
        self.common = nn.Linear(inputs, outputs)
        self.specific = nn.Parameter(0.1 * torch.randn(outputs, inputs) / inputs**0.5)
        self.shares = nn.Parameter(torch.randn(domains))

    def forward(self, known: Tensor) -> Tensor:
        """What holds everywhere."""
        return torch.as_tensor(self.common(known))

    def within(self, known: Tensor, domain: Tensor) -> Tensor:
        """With the specific part of each row's ``domain``, int64 [rows], for rows ``known`` [rows, inputs]."""
        return self.forward(known) + self.shares[domain].unsqueeze(-1) * (known @ self.specific.T)

    def overlap(self, known: Tensor) -> Tensor:
        """Mean over outputs of the squared correlation of common and specific part over rows ``known`` [rows, inputs], scalar.

        0 where they are orthogonal as functions of the rows, whose means are taken as 0. Orthogonal weights, as in the paper, say little
        where inputs are correlated: the same function can be had from other inputs.
        """
        common, specific = known @ self.common.weight.T, known @ self.specific.T
        product = (common * specific).mean(0) ** 2
        return (product / ((common**2).mean(0) * (specific**2).mean(0) + 1e-9)).mean()
