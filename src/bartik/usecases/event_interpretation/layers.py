"""What the networks see: raw tracks and vertices made into numbers of order one, inside the graph.

Lengths are in mm, momenta in GeV. An event turned around the beam line gives the same numbers, as nothing of a b decay depends on that.
Lengths by a maximum: torch's exporter drops the addition of a number so small.
"""

from __future__ import annotations

import torch
from torch import Tensor

TRACK_WIDTH, PAIR_WIDTH, LINK_WIDTH, VERTEX_WIDTH = 13, 28, 9, 1
_PION = 0.13957


def track_features(tracks: Tensor) -> Tensor:
    """Of tracks [tracks, 10]: momentum, angle to the beam, and how they pass their vertex [tracks, 13]."""
    origin, momentum, charge = tracks[:, 0:3], tracks[:, 3:6], tracks[:, 9:10]
    sigma = _sigma(momentum)
    ip, along, across, z = _passing(tracks, tracks[:, 6:9])
    parts = [torch.log(_pt(momentum)), torch.log(_length(momentum, 1e-2)) - 2, torch.log(_length(_slope(momentum), 1e-3)) + 2]
    parts += [torch.tanh(along / sigma / 3), torch.tanh(along / sigma / 30), torch.tanh(across / sigma / 3)]
    parts += [torch.log(ip) / 2 + 1, torch.log(ip / sigma) / 2, torch.tanh(z / 5), charge, torch.tanh(ip / sigma / 10)]
    return torch.cat([*parts, origin[:, 2:3] / 100, torch.tanh(ip)], 1)


def pair_features(one: Tensor, other: Tensor) -> Tensor:
    """Of the two tracks [pairs, 10] of pairs: the published features, and what tells a common vertex [pairs, 28].

    The last fourteen say where that vertex is as seen from the primary vertex of either track, as one of the two may be the wrong one.
    """
    u, v = _way(one), _way(other)
    apart = one[:, 0:3] - other[:, 0:3]
    angle, across = _length(u - v, 1e-4), _cross(u, v)
    distance = _dot(apart, across).abs() / _length(across, 1e-4)
    cosine = 1 - angle * angle / 2
    step = torch.clamp((cosine * _dot(v, apart) - _dot(u, apart)) / _dot(across, across).clamp(min=1e-8), -1e3, 1e3)
    point = one[:, 0:3] + step * u
    momentum = one[:, 3:6] + other[:, 3:6]
    way = momentum / _length(momentum, 1e-2)
    transverse = apart - _dot(apart, way) * way
    between = one[:, 6:9] - other[:, 6:9]
    sigma = torch.sqrt(_sigma(one[:, 3:6]) ** 2 + _sigma(other[:, 3:6]) ** 2)
    mass = _mass(one[:, 3:6], other[:, 3:6], angle)
    parts = [torch.log(angle) / 2 + 1, torch.log(_length(transverse, 1e-3)), torch.tanh(apart[:, 2:3] / 5), 10 * angle]
    parts += [torch.exp(-_length(between, 1e-6)), torch.tanh(between[:, 2:3] / 20)]
    parts += [torch.log(torch.clamp(distance, min=1e-3)) / 2 + 1, torch.tanh(distance / sigma / 3)]
    parts += [torch.log(mass), one[:, 9:10] * other[:, 9:10], torch.log(_pt(momentum)), torch.tanh(step / 10)]
    parts += [_displaced(one, other[:, 6:9]), _displaced(other, one[:, 6:9])]
    for vertex in (one[:, 6:9], other[:, 6:9]):
        parts += _flight(point - vertex, momentum, mass, sigma)
    return torch.cat(parts, 1)


def link_features(tracks: Tensor, vertices: Tensor) -> Tensor:
    """Of a track [links, 10] and a vertex [links, 3] each: how the one passes the other [links, 9]."""
    sigma = _sigma(tracks[:, 3:6])
    ip, along, across, z = _passing(tracks, vertices)
    nearest = torch.exp(-_length(vertices - tracks[:, 6:9], 1e-6))
    parts = [torch.log(ip) / 2 + 1, torch.log(ip / sigma) / 2, torch.tanh(z / 3), torch.tanh(z / 30), nearest]
    parts += [torch.tanh(ip / sigma / 5), torch.log(_pt(tracks[:, 3:6]))]
    return torch.cat([*parts, torch.tanh(along / sigma / 3), torch.tanh(across / sigma / 3)], 1)


def vertex_features(vertices: Tensor) -> Tensor:
    """Of vertices [vertices, 3]: where they are along the beam [vertices, 1]."""
    return vertices[:, 2:3] / 100


def probability(logits: Tensor) -> Tensor:
    """Log odds, kept inside what float32 can tell from 0 and 1, as probabilities of the same shape."""
    return torch.sigmoid(torch.clamp(logits, -30.0, 30.0))


def _passing(tracks: Tensor, vertex: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """How tracks [tracks, 10] pass the plane of a vertex [tracks, 3], in mm: how far from it, along the way they go and across it.

    And how far along the beam it is to the point nearest to the beam line. Nothing of it depends on the direction around the beam.
    """
    slope = _slope(tracks[:, 3:6])
    z = tracks[:, 2:3] - vertex[:, 2:3]
    near = torch.clamp(tracks[:, 0:2] - vertex[:, 0:2] - slope * z, -100.0, 100.0)
    steep = _length(slope, 1e-3)
    along = _dot(near, slope) / steep
    across = (near[:, 0:1] * slope[:, 1:2] - near[:, 1:2] * slope[:, 0:1]).abs() / steep
    return _length(near, 1e-4), along, across, z


def _displaced(tracks: Tensor, vertex: Tensor) -> Tensor:
    """How significantly tracks [pairs, 10] miss a vertex [pairs, 3], as a logarithm [pairs, 1]."""
    return torch.log(_passing(tracks, vertex)[0] / _sigma(tracks[:, 3:6])) / 2


def _flight(flown: Tensor, momentum: Tensor, mass: Tensor, sigma: Tensor) -> list[Tensor]:
    """Of what flew [pairs, 3] with this momentum: how far, how far off its way, and its mass with what is lost across the way."""
    way = momentum / _length(momentum, 1e-2)
    along = _dot(flown, way)
    missed, radius = _length(flown - along * way, 1e-3), _length(flown[:, 0:2], 1e-3)
    off = missed / _length(flown, 1e-2)
    lost = off * _length(momentum, 1e-2)
    corrected = torch.sqrt(mass * mass + lost * lost) + lost
    parts = [torch.log(radius) / 2, torch.tanh(along / 10), torch.tanh(along / 50), torch.log(missed) / 2]
    return [*parts, torch.log(radius / sigma) / 2, torch.log(off) / 2, torch.log(corrected) / 2]


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
