"""Two looks at the tracks along the beam: where across the beam a vertex at each bin would be, and how well the tracks agree with it.

The published density (PV-Finder's KDE, arXiv:1906.08306) is at each z the sum of the Gaussians of all tracks at the place across the beam
where it is largest, found by a search. Here that place is the solution of a fit in closed form, of sums over tracks: at each bin a track
counts as 1 / (1 + chi²/4), chi² that of its distance from the beams at that z. In the second look each track is held against the place
found; and the sums of slope and curvature of chi² along z, in which exact tracks count for more, give the step from each bin to the vertex
and how well it is known: that of a fit which weighs the tracks anew (1 / (1 + chi²/4), as the likelihood with such tails has it), and one
in which tracks that do not fit count for still less (the square of that weight).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from bartik.data.ellipsoids import BEAM_WIDTH

_BEAM = 1 / BEAM_WIDTH**2  # mm^-2, which is in the ellipsoids
_SOFT = 0.25  # of chi², in the weight of a track
_END = 2.0  # logarithm of 1 + chi²/4 from which on a track says nothing: five standard deviations
CHANNELS, ROUND_CHANNELS = 11, 7
"""That it gives, of both kinds."""
_NARROW = 2.0  # of chi², in a Gaussian of half the width that a track is said to have, which is that of a fast one
_STEP = 4.0  # mm^-1, of the step along z as a channel
_LEAST, _MOST = 1e-4, 1e8  # mm^-2: what an ellipsoid can be
_VAGUE = 1.0  # mm^-2, added to what is known along z: no long steps from where no track is


class Line(NamedTuple):
    """Tracks [tracks, 1] against the bins around them [tracks, bins]: what chi² is made of, for any place (x, y) across the beam.

    chi² = ``alone`` - 2 (x ``bx`` + y ``by``) + ``xx`` x² + 2 ``xy`` x y + ``yy`` y²; ``beam`` is chi² of the distance from the beams.
    Along z half of its slope is ``bz`` - x ``xz`` - y ``yz``, and half of its curvature ``zz``.
    """

    xx: Tensor
    xy: Tensor
    yy: Tensor
    bx: Tensor
    by: Tensor
    alone: Tensor
    beam: Tensor
    bz: Tensor
    xz: Tensor
    yz: Tensor
    zz: Tensor


def lines(tracks: Tensor, offset: Tensor, dz: Tensor) -> Line:
    """Of tracks [tracks, 9], ``offset`` [tracks, 2] from the beam line, ``dz`` [tracks, bins] from the middles of bins, in mm.

    At its point of closest approach a track's offset is along an axis of its ellipsoid, so that the two parts of ``beam`` add up.
    """
    a, b, c, d, e, f = (column.unsqueeze(1) for column in tracks[:, 3:].clamp(-_MOST, _MOST).unbind(1))
    dx, dy = offset[:, :1], offset[:, 1:]
    xx, yy = (a - _BEAM).clamp(min=0.0), (b - _BEAM).clamp(min=0.0)
    px, py = xx * dx + d * dy, d * dx + yy * dy
    both = (a * b - d * d).clamp(min=_LEAST)
    near = px * dx + py * dy
    across = (near - (px * (b * px - d * py) + py * (a * py - d * px)) / both).clamp(0.0, _MOST)
    along = (c - (e * (b * e - d * f) + f * (a * f - d * e)) / both).clamp(_LEAST, _MOST)
    slant = e * dx + f * dy
    alone, beam = near + c * dz * dz + 2 * slant * dz, across + along * dz * dz
    return Line(xx, d, yy, px + e * dz, py + f * dz, alone, beam, c * dz + slant, e, f, c)


class FitSum(nn.Module):
    """Forward takes tracks [tracks, 9], their events [tracks] and the beam lines [events, 2]; it gives [events, channels, bins].

    With ``round_`` the equations for the place across the beam are those of tracks from all sides, four sums in place of six, and the
    second look has one Gaussian and one step less: less work, nearly the same place where tracks are many.
    """

    def __init__(self, low: float, width: float, bins: int, reach: int, *, round_: bool = False) -> None:
        """So many ``bins`` from ``low`` of ``width`` in mm; a track reaches ``reach`` bins on each side."""
        super().__init__()
        self.low, self.per_mm, self.width, self.bins, self.reach, self.round = low, 1 / width, width, bins, reach, round_
        steps = torch.arange(-reach, reach + 1)
        self.steps: Tensor
        self.taper: Tensor
        self.register_buffer("steps", steps, persistent=False)
        self.register_buffer("taper", 1 - (steps / (reach + 0.5)) ** 2, persistent=False)
        self.channels = ROUND_CHANNELS if round_ else CHANNELS

    def forward(self, tracks: Tensor, event: Tensor, beam: Tensor) -> Tensor:
        """Sums over the tracks of each event."""
        padded = self.bins + 2 * self.reach
        place = (tracks[:, 0] - self.low) * self.per_mm
        whole = torch.floor(place.clamp(-1.0, float(self.bins)))
        inside = ((whole >= 0) & (whole < self.bins)).to(tracks.dtype)
        within = (place - whole - 0.5) * inside
        at = ((event * padded + (whole * inside).to(torch.int64)).unsqueeze(1) + self.steps + self.reach).reshape(-1)
        offset = tracks[:, 1:3] - beam.index_select(0, event)
        line = lines(tracks, offset, (within.unsqueeze(1) - self.steps) * self.width)
        counts = self.taper * inside.unsqueeze(1)
        first = _first(line, counts, round_=self.round)
        sums = beam.new_zeros((beam.shape[0] * padded, first.shape[1])).index_add(0, at, first)
        x, y, gain = _across(sums)
        there = torch.cat([x, y], 1).index_select(0, at).reshape(-1, len(self.steps), 2)
        second = _second(line, there, counts, round_=self.round)
        agreed = beam.new_zeros((beam.shape[0] * padded, second.shape[1])).index_add(0, at, second)
        found = _known(sums, gain, agreed, round_=self.round)
        return found.reshape(-1, padded, self.channels)[:, self.reach : self.reach + self.bins].transpose(1, 2)


def _first(line: Line, counts: Tensor, *, round_: bool) -> Tensor:
    """What each track adds to each bin around it [tracks * bins, 6 or 4]: its weight, and with that the equations for a place."""
    weight = counts / (1 + _SOFT * line.beam)
    parts = [weight, weight * line.bx, weight * line.by]
    parts += [weight * (0.5 * (line.xx + line.yy))] if round_ else [weight * line.xx, weight * line.xy, weight * line.yy]
    return torch.stack(parts, 2).reshape(-1, len(parts))


def _across(sums: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Place across the beam, x and y in mm, that the sums [bins, 6 or 4] make the best, and by how much it lowers chi², each [bins, 1]."""
    _, bx, by, xx, *others = (column.unsqueeze(1) for column in sums.unbind(1))
    xx = xx + _BEAM
    if not others:
        x, y = bx / xx, by / xx
    else:
        xy, yy = others[0], others[1] + _BEAM
        both = (xx * yy - xy * xy).clamp(min=_LEAST)
        x, y = (yy * bx - xy * by) / both, (xx * by - xy * bx) / both
    return x, y, bx * x + by * y


def _known(sums: Tensor, gain: Tensor, agreed: Tensor, *, round_: bool) -> Tensor:
    """Both looks as channels [bins, channels] of order one."""
    pairs = 2 if round_ else 4
    alike, moves = agreed[:, pairs:], []
    for place in range(0, pairs, 2):
        slope, curvature = agreed[:, place : place + 1], agreed[:, place + 1 : place + 2]
        moves += [_STEP * slope / (curvature + _VAGUE), 0.3 * torch.log1p(curvature)]
    looks = [torch.log1p(sums[:, :1]), 0.1 * gain, torch.log1p(alike[:, :1]), alike[:, int(round_) :]]
    return torch.cat([*looks, *moves], 1)


def _second(line: Line, there: Tensor, counts: Tensor, *, round_: bool) -> Tensor:
    """What each track says of a vertex at each bin, at the place found [tracks * bins, 8 or 5].

    Half of the slope and the curvature of its chi² along z, in one or two weights; how well it agrees, in ways that bear more or less.
    """
    x, y = there.unbind(2)
    chi2 = (line.alone - 2 * (x * line.bx + y * line.by) + line.xx * x * x + 2 * line.xy * x * y + line.yy * y * y).clamp(min=0.0)
    soft = 1 + _SOFT * chi2
    weight = counts / soft
    slope = line.bz - x * line.xz - y * line.yz
    parts = [weight * slope, weight * line.zz]
    if not round_:
        parts += [weight / soft * slope, weight / soft * line.zz]
    parts += [weight, 0.1 * counts * torch.relu(_END - torch.log(soft)), 0.3 * counts * torch.exp(-_NARROW * chi2)]
    if not round_:
        parts += [0.2 * counts * torch.exp(-0.5 * chi2)]
    return torch.stack(parts, 2).reshape(-1, len(parts))
