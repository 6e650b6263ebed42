"""Rational quadratic splines (C. Durkan et al., arXiv:1906.04032), from noise to data, in operations that every runtime knows.

The parameters are those of ``zuko.transforms.MonotonicRQSTransform``, which goes from data to noise with its derivative and trains; this is
its inverse. Where zuko looks up a bin, here is a sum over all bins of which one counts.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

BOUND, SLOPE = 5.0, 1e-3
"""Outside of plus and minus ``BOUND`` the spline is the identity; the least slope of a bin."""


def parameters(bins: int) -> int:
    """How many numbers a spline of so many bins has."""
    return 3 * bins - 1


def inverse_spline(y: Tensor, raw: Tensor, bins: int) -> Tensor:
    """The x of each ``y`` [...] for which the spline of ``raw`` [..., 3 bins - 1] gives y."""
    sizes = torch.softmax(_bounded(raw[..., : 2 * bins].reshape(*raw.shape[:-1], 2, bins), 2), -1) * (2 * BOUND)
    starts = torch.cumsum(sizes, -1) - sizes - BOUND
    inner = torch.exp(_bounded(raw[..., 2 * bins :], 1))
    edge = torch.ones_like(inner[..., :1])
    slopes = torch.stack([torch.cat([edge, inner], -1), torch.cat([inner, edge], -1)], -2)
    inside = y.clamp(-BOUND, BOUND)
    at = _chosen(inside.unsqueeze(-1), starts[..., 1, :]).unsqueeze(-2)
    x0, y0, w, h, d0, d1 = (torch.cat([starts, sizes, slopes], -2) * at).sum(-1).unbind(-1)
    slope, up = h / w, inside - y0
    bend = up * (d0 + d1 - 2 * slope)
    a, b, c = h * (slope - d0) + bend, h * d0 - bend, -slope * up
    x = x0 + w * (2 * c / (-b - torch.sqrt((b * b - 4 * a * c).clamp(min=0.0))))
    return torch.where(torch.abs(y) < BOUND, x, y)


def _bounded(raw: Tensor, times: float) -> Tensor:
    return raw / (1 + torch.abs(raw) * (times / -math.log(SLOPE)))


def _chosen(value: Tensor, starts: Tensor) -> Tensor:
    """1 for the bin that has the value, 0 for others [..., bins]."""
    passed = (value >= starts[..., 1:]).to(value.dtype)
    outer = torch.ones_like(passed[..., :1])
    return torch.cat([outer, passed], -1) - torch.cat([passed, outer - outer], -1)
