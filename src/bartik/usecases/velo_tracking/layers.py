"""What the four networks see: raw positions made into numbers of order one, inside the graph.

Lengths are in mm. A doublet is two hits, the first at smaller z; a triplet two doublets that share a hit.
"""

from __future__ import annotations

import torch
from torch import Tensor

HIT_WIDTH, DOUBLET_WIDTH, KINK_WIDTH = 7, 16, 8


def hit_features(hits: Tensor) -> Tensor:
    """Of hits [hits, 3]: position, distance from the beam and its logarithm, direction across it [hits, 7]."""
    x, y, z = torch.split(hits, 1, 1)
    radius = _length(x, y, 1e-3)
    return torch.cat([x / 20, y / 20, z / 300, radius / 20, torch.log(radius / 10), x / radius, y / radius], 1)


def doublet_features(first: Tensor, second: Tensor) -> Tensor:
    """Of two hits [doublets, 3] each: slopes of their line, where and how near it passes the beam, how far it turns [doublets, 16]."""
    (x, y, z), (x2, y2, _) = torch.split(first, 1, 1), torch.split(second, 1, 1)
    step, tx, ty = _slopes(first, second)
    slope = _length(tx, ty, 1e-3)
    nearest = torch.clamp(z - (x * tx + y * ty) / (slope * slope), -600.0, 1000.0)
    across = x * (y2 - y) - y * (x2 - x)  # from differences: the products alone would lose the digits that count
    signed = across / (slope * step)
    radius, radius2 = _length(x, y, 1e-3), _length(x2, y2, 1e-3)
    turn = across / (radius * radius2)
    parts = [x / 20, y / 20, z / 300, x2 / 20, y2 / 20, radius / 20, radius2 / 20, step / 50, 5 * tx, 5 * ty, 5 * slope, nearest / 200]
    parts += [torch.tanh(signed), torch.log(signed.abs() + 0.05), 10 * turn, torch.log(turn.abs() + 1e-3)]
    return torch.cat(parts, 1)


def kink_features(first: Tensor, middle: Tensor, last: Tensor) -> Tensor:
    """Of three hits [triplets, 3] each: how much and which way their line turns at the middle one [triplets, 8]."""
    step1, tx1, ty1 = _slopes(first, middle)
    step2, tx2, ty2 = _slopes(middle, last)
    kx, ky = tx2 - tx1, ty2 - ty1
    kink = _length(kx, ky, 0.0)
    x, y = middle[:, 0:1], middle[:, 1:2]
    radius = _length(x, y, 1e-3)
    outwards, around = (kx * x + ky * y) / radius, (ky * x - kx * y) / radius
    miss = torch.log(kink * torch.minimum(step1, step2) + 0.01) / 3 + 1
    turns = [torch.tanh(scale * turn) for scale in (50.0, 500.0) for turn in (outwards, around)]
    return torch.cat([*turns, torch.log(kink + 5e-4) / 3 + 2, miss, step1 / 50, step2 / 50], 1)


def probability(logits: Tensor) -> Tensor:
    """Log odds, kept inside what float32 can tell from 0 and 1, as probabilities of the same shape."""
    return torch.sigmoid(torch.clamp(logits, -30.0, 30.0))


def _slopes(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distance along the beam, at least 0.1 mm, and the slopes of the line, at most 10."""
    step = torch.clamp(second[:, 2:3] - first[:, 2:3], min=0.1)
    tx = torch.clamp((second[:, 0:1] - first[:, 0:1]) / step, -10.0, 10.0)
    ty = torch.clamp((second[:, 1:2] - first[:, 1:2]) / step, -10.0, 10.0)
    return step, tx, ty


def _length(x: Tensor, y: Tensor, least: float) -> Tensor:
    """At least 1e-6 and ``least``; by a maximum, as torch's exporter drops the addition of a number so small."""
    return torch.sqrt(torch.clamp(x * x + y * y, min=max(least, 1e-6) ** 2))
