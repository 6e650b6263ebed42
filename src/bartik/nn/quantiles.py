"""Monotone functions of noise: what a network says is the distribution of a number, as its quantile function.

The function is quadratic between fixed knots x_0 ... x_K of the noise, and its slope is linear there: slopes a_0 ... a_K > 0 at the knots
and the value at noise 0 are all it takes. It is a sum over knots with no search in it (a few products a knot in ONNX and in vector
lanes), and its inverse solves a quadratic equation. Densities are continuous. Piecewise-quadratic flows: T. Müller et al., Neural
Importance Sampling, ACM Trans. Graph. 38 (2019), arXiv:1808.03856, there with knots that move and a uniform variable.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_INNER = (0.45, 0.95, 1.55, 2.3, 3.3, 4.8, 7.2)
KNOTS = (*(-x for x in reversed(_INNER)), 0.0, *_INNER)
"""In the noise, which has a logistic distribution: between two of the inner ones lies a tenth of it."""
_STEEPEST = 5.0
"""Logarithm of the largest slope; the smallest is one over it."""


class QuantileFunction(nn.Module):
    """The function z(e) from raw numbers [..., 1 + knots]: the value at 0, and the logarithms of the slopes at the `KNOTS`."""

    left: Tensor
    steps: Tensor
    centre: Tensor
    sums: Tensor
    numbers = 1 + len(KNOTS)

    def __init__(self) -> None:
        """Nothing is learnt here."""
        super().__init__()
        knots = torch.tensor(KNOTS)
        self.register_buffer("left", knots[:-1].clone(), persistent=False)
        self.register_buffer("steps", knots.diff(), persistent=False)
        self.register_buffer("centre", torch.zeros(len(KNOTS)), persistent=False)
        self.centre.copy_(self.basis(torch.zeros(1)).reshape(-1))
        self.register_buffer("sums", self.basis(knots).T.contiguous(), persistent=False)

    def forward(self, basis: Tensor, raw: Tensor) -> Tensor:
        """Values [rows, 1] where the noise has this ``basis`` [rows, knots], of functions with numbers ``raw`` [rows, 1 + knots]."""
        return raw[:, 0:1] + (slopes_of(raw) * basis).sum(1, keepdim=True)

    def basis(self, noise: Tensor) -> Tensor:
        """What each slope is multiplied with [..., knots] at logistic ``noise`` [...].

        Integrals from 0 to the noise of the function that is 1 at a knot, 0 at the others, and constant beyond the last.
        """
        away = noise.unsqueeze(-1) - self.left
        along = torch.minimum(torch.clamp(away, min=0.0), self.steps)
        rising = along * along * (0.5 / self.steps)
        below, above = torch.clamp(away[..., :1], max=0.0), torch.clamp(away[..., -1:] - self.steps[-1], min=0.0)
        return torch.cat([below, rising], -1) + torch.cat([along - rising, above], -1) - self.centre

    def inverse(self, value: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """The noise [...] at which the functions have this ``value`` [...], and the logarithms of their slopes there."""
        slopes = slopes_of(raw)
        knots = raw[..., 0:1] + slopes @ self.sums
        place = torch.clamp((value.unsqueeze(-1) >= knots).sum(-1, keepdim=True) - 1, 0, len(KNOTS) - 2)
        first, second = (slopes.gather(-1, place + step).squeeze(-1) for step in (0, 1))
        start, step = self.left[place.squeeze(-1)], self.steps[place.squeeze(-1)]
        above = value - knots.gather(-1, place).squeeze(-1)
        bend = (second - first) / step
        root = torch.sqrt(torch.clamp(first * first + 2 * bend * torch.clamp(above, min=0.0), min=1e-12))
        inside = torch.minimum(torch.clamp(2 * above / (first + root), min=0.0), step)
        slope = first + bend * inside
        beyond = above - inside * (first + 0.5 * bend * inside)
        return start + inside + torch.where((above < 0) | (inside >= step), beyond / slope, torch.zeros_like(beyond)), torch.log(slope)


def slopes_of(raw: Tensor) -> Tensor:
    """Slopes [..., knots] from raw numbers [..., 1 + knots]."""
    return torch.exp(torch.clamp(raw[..., 1:], -_STEEPEST, _STEEPEST))
