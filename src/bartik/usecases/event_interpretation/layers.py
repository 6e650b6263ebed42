"""What the networks see: raw tracks and vertices made into numbers of order one, inside the graph.

Lengths are in mm, momenta in GeV. Lengths by a maximum: torch's exporter drops the addition of a number so small.
"""

from __future__ import annotations

import torch
from torch import Tensor

TRACK_WIDTH, PAIR_WIDTH, LINK_WIDTH, VERTEX_WIDTH = 13, 19, 7, 3
_PION = 0.13957


def track_features(tracks: Tensor) -> Tensor:
    """Of tracks [tracks, 10]: momentum, slopes, and how they pass their vertex [tracks, 13]."""
    origin, momentum, vertex, charge = tracks[:, 0:3], tracks[:, 3:6], tracks[:, 6:9], tracks[:, 9:10]
    slope, pt, sigma = _slope(momentum), _pt(momentum), _sigma(momentum)
    x, y, z = _passing(origin, slope, vertex)
    ip = _length(torch.cat([x, y], 1), 1e-4)
    parts = [torch.log(pt), torch.log(_length(momentum, 1e-2)) - 2, 4 * slope, torch.tanh(x / sigma / 3), torch.tanh(y / sigma / 3)]
    parts += [torch.log(ip) / 2 + 1, torch.log(ip / sigma) / 2, torch.tanh(z / 5), charge, torch.tanh(ip / sigma / 10)]
    return torch.cat([*parts, origin[:, 2:3] / 100, torch.tanh(ip)], 1)


def pair_features(one: Tensor, other: Tensor) -> Tensor:
    """Of the two tracks [pairs, 10] of pairs: the published features, and what tells a common vertex [pairs, 19]."""
    u, v = _way(one), _way(other)
    apart = one[:, 0:3] - other[:, 0:3]
    turn = u - v
    angle = _length(turn, 1e-4)
    across = _cross(u, v)
    distance = _dot(apart, across).abs() / _length(across, 1e-4)
    sine2 = _dot(across, across).clamp(min=1e-8)
    along_u, along_v, cosine = _dot(u, apart), _dot(v, apart), 1 - angle * angle / 2
    step = torch.clamp((cosine * along_v - along_u) / sine2, -1e3, 1e3)
    point = one[:, 0:3] + step * u
    momentum = one[:, 3:6] + other[:, 3:6]
    way = momentum / _length(momentum, 1e-2)
    flown = point - one[:, 6:9]
    missed = flown - _dot(flown, way) * way
    transverse = apart - _dot(apart, way) * way
    between = one[:, 6:9] - other[:, 6:9]
    sigma = torch.sqrt(_sigma(one[:, 3:6]) ** 2 + _sigma(other[:, 3:6]) ** 2)
    radius = _length(flown[:, 0:2], 1e-3)
    parts = [torch.log(angle) / 2 + 1, torch.log(_length(transverse, 1e-3)), torch.tanh(apart[:, 2:3] / 5), 10 * angle]
    parts += [torch.exp(-_length(between, 1e-6)), torch.tanh(between[:, 2:3] / 20)]
    parts += [torch.log(torch.clamp(distance, min=1e-3)) / 2 + 1, torch.tanh(distance / sigma / 3), torch.log(radius) / 2]
    parts += [torch.tanh(flown[:, 2:3] / 10), torch.tanh(flown[:, 2:3] / 50), torch.log(_length(missed, 1e-3)) / 2]
    parts += [torch.log(_mass(one[:, 3:6], other[:, 3:6], angle)), one[:, 9:10] * other[:, 9:10]]
    parts += [torch.log(_pt(momentum)), torch.tanh(_dot(flown, way) / 5), torch.tanh(3 * angle / torch.clamp(radius, min=1e-2))]
    parts += [torch.log(radius / sigma) / 2, torch.tanh(step / 10)]
    return torch.cat(parts, 1)


def link_features(tracks: Tensor, vertices: Tensor) -> Tensor:
    """Of a track [links, 10] and a vertex [links, 3] each: how the one passes the other [links, 7]."""
    origin, momentum = tracks[:, 0:3], tracks[:, 3:6]
    slope, sigma = _slope(momentum), _sigma(momentum)
    x, y, z = _passing(origin, slope, vertices)
    ip = _length(torch.cat([x, y], 1), 1e-4)
    nearest = torch.exp(-_length(vertices - tracks[:, 6:9], 1e-6))
    parts = [torch.log(ip) / 2 + 1, torch.log(ip / sigma) / 2, torch.tanh(z / 3), torch.tanh(z / 30), nearest]
    return torch.cat([*parts, torch.tanh(ip / sigma / 5), torch.log(_pt(momentum))], 1)


def vertex_features(vertices: Tensor) -> Tensor:
    """Of vertices [vertices, 3]: where they are [vertices, 3]."""
    return torch.cat([5 * vertices[:, 0:2], vertices[:, 2:3] / 100], 1)


def probability(logits: Tensor) -> Tensor:
    """Log odds, kept inside what float32 can tell from 0 and 1, as probabilities of the same shape."""
    return torch.sigmoid(torch.clamp(logits, -30.0, 30.0))


def _passing(origin: Tensor, slope: Tensor, vertex: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where a track passes the plane of a vertex, x and y from it, and how far along the beam from its origin."""
    z = origin[:, 2:3] - vertex[:, 2:3]
    near = torch.clamp(origin[:, 0:2] - vertex[:, 0:2] - slope * z, -100.0, 100.0)
    return near[:, 0:1], near[:, 1:2], z


def _sigma(momentum: Tensor) -> Tensor:
    """Resolution of the impact parameter in mm, as the toy has it."""
    return 0.011 + 0.013 / torch.clamp(_pt(momentum), min=0.1)


def _mass(one: Tensor, other: Tensor, angle: Tensor) -> Tensor:
    """Invariant mass [pairs, 1] in GeV of two pions, from the angle so that no digits are lost."""
    p, q = _length(one, 1e-2), _length(other, 1e-2)
    light = _PION**2 * (2 + p / q + q / p)
    return torch.sqrt(light + p * q * angle * angle)


def _slope(momentum: Tensor) -> Tensor:
    return torch.clamp(momentum[:, 0:2] / torch.clamp(momentum[:, 2:3], min=0.1), -2.0, 2.0)


def _pt(momentum: Tensor) -> Tensor:
    return _length(momentum[:, 0:2], 1e-2)


def _way(tracks: Tensor) -> Tensor:
    return tracks[:, 3:6] / _length(tracks[:, 3:6], 1e-2)


def _dot(one: Tensor, other: Tensor) -> Tensor:
    return (one * other).sum(1, keepdim=True)


def _cross(one: Tensor, other: Tensor) -> Tensor:
    (a, b, c), (d, e, f) = torch.split(one, 1, 1), torch.split(other, 1, 1)
    return torch.cat([b * f - c * e, c * d - a * f, a * e - b * d], 1)


def _length(vector: Tensor, least: float) -> Tensor:
    return torch.sqrt(torch.clamp((vector * vector).sum(1, keepdim=True), min=least**2))
