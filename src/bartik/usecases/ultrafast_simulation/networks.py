"""The generators of the stages that make more of what the flow draws than its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bartik.simulation.response.identity import NEGLIGIBLE
from bartik.simulation.response.rich import HYPOTHESES, RADIATORS, Radiator, threshold
from bartik.simulation.response.track_state import FLATTEST, PAIRS
from bartik.usecases.ultrafast_simulation.columns import FITTED, IDENTITY, KNOWN, TRACK
from bartik.usecases.ultrafast_simulation.layers import Generator, Seen

_P, _ETA = (next(place for place, column in enumerate(IDENTITY) if column.name == name) for name in ("p", "eta"))
_TRUE_P = next(place for place, column in enumerate(TRACK) if column.name == "p")
_SLOPES = slice(_TRUE_P + 1, _TRUE_P + 3)
_SPECIES = slice(len(IDENTITY) - 5, len(IDENTITY))
_DLL = next(place for place, column in enumerate(KNOWN) if column.name == "DLLe")


def _names(columns: Sequence[object]) -> list[str]:
    return [str(column.name) for column in columns]  # type: ignore[attr-defined]


class Resolution(Generator):
    """Residuals and quality of tracks.

    The flow draws dz times the sine of the angle to the beam, dp relative to p, and degrees of freedom that are no whole numbers yet.
    """

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(Seen(_names(TRACK)), 9, hidden)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Columns of `columns.QUALITY`."""
        dp = numbers[:, 5:6] * features[:, _TRUE_P : _TRUE_P + 1]
        square = (features[:, _SLOPES] * features[:, _SLOPES]).sum(1, keepdim=True)
        dz = numbers[:, 2:3] / torch.clamp(torch.sqrt(square / (1 + square)), min=FLATTEST)
        return torch.cat([numbers[:, :2], dz, numbers[:, 3:5], dp, numbers[:, 6:7], torch.round(numbers[:, 7:8]), numbers[:, 8:]], 1)


class Covariance(Generator):
    """Logarithms of variances, and correlations by way of partial ones, so that every covariance is positive definite."""

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(Seen(_names(FITTED)), 15, hidden)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:  # noqa: ARG002 - as the others
        """Columns of `columns.COVARIANCE`."""
        share = torch.tanh(numbers[:, 5:])
        rest = torch.sqrt(1 - share * share)
        rows: list[list[Tensor]] = [[torch.ones_like(share[:, :1])]]
        for row in range(1, 5):
            left, factor = torch.ones_like(share[:, :1]), list[Tensor]()
            for column in range(row):
                place = PAIRS.index((row, column))
                factor.append(share[:, place : place + 1] * left)
                left = left * rest[:, place : place + 1]
            rows.append([*factor, left])
        found = [
            sum((rows[row][k] * rows[column][k] for k in range(1, column + 1)), rows[row][0] * rows[column][0]) for row, column in PAIRS
        ]
        return torch.cat([numbers[:, :5], *found], 1)


class Lights(Seen):
    """What else is known of identified tracks where rings are looked at.

    For each radiator whether it covers the track, the light of each mass and of the track's own as a share of the most there can be, and
    how far the rings of other masses are from a pion's, in resolutions of one photon (over 10, at most 3).
    """

    def __init__(self) -> None:
        """Nothing of this is learnt."""
        super().__init__(_names(IDENTITY))
        self.width += 11 * len(RADIATORS)

    def forward(self, features: Tensor) -> Tensor:
        """Rows [rows, columns] to [rows, width]."""
        p = torch.clamp(features[:, _P : _P + 1], min=0.1)
        masses = torch.tensor([[mass * mass for mass in HYPOTHESES.values()]], dtype=p.dtype)
        found = [super().forward(features)]
        for radiator in RADIATORS:
            index = 1 + radiator.refractivity
            light = torch.clamp((index**2 - 1 - masses / (p * p)) / index**2, min=0.0)
            apart = (torch.sqrt(light) - torch.sqrt(light[:, 2:3])) / (10 * radiator.resolution)
            share = light / (1 - 1 / index**2)
            own = (share * features[:, _SPECIES]).sum(1, keepdim=True)
            seen = [torch.ones_like(p), share, own, torch.clamp(torch.cat([apart[:, :2], apart[:, 3:]], 1), -3.0, 3.0)]
            found.append(torch.cat(seen, 1) * covered(features, radiator))
        return torch.cat(found, 1)


class Rings(Generator):
    """Likelihoods of the RICH: exactly 0 where no radiator has light of either hypothesis."""

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(Lights(), 4, hidden)

    def present(self, features: Tensor) -> Tensor:
        """Whether some radiator has light; as `bartik.simulation.response.identity.light`."""
        return lit(features)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Columns of `columns.DLL`."""
        return numbers * self.present(features)


def covered(features: Tensor, radiator: Radiator) -> Tensor:
    """1 where a radiator covers a track [rows, 1], else 0."""
    eta = features[:, _ETA : _ETA + 1]
    low, high = (-math.log(math.tan(angle / 2)) for angle in (radiator.outer, radiator.inner))
    return ((eta > low) & (eta < high)).to(eta.dtype)


def lit(features: Tensor) -> Tensor:
    """1 where DLLe, DLLmu, DLLK, DLLp [rows, 4] of identified tracks can be other than 0, else 0."""
    p = features[:, _P : _P + 1]
    lightest = [HYPOTHESES[name] for name in ("e", "mu", "pi", "pi")]
    found = []
    for radiator in RADIATORS:
        limits = torch.tensor([[float(threshold(np.asarray(mass), radiator)) for mass in lightest]], dtype=p.dtype)
        found.append(covered(features, radiator) * (p > limits).to(p.dtype))
    return torch.maximum(found[0], found[1])


class Muon(Generator):
    """Likelihoods of the muon system, of tracks that pass isMuon."""

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(Seen(_names(IDENTITY)), 2, hidden)


class Combined(Generator):
    """Combined likelihoods and ProbNN.

    The flow draws what calorimeters and muon system add to DLLe and DLLmu, and log odds of ProbNN; DLLK and DLLp pass through.
    """

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(Seen(_names(KNOWN)), 7, hidden)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Columns of `columns.COMBINED`."""
        rings = features[:, _DLL : _DLL + 4]
        probability = torch.sigmoid(torch.clamp(numbers[:, 2:], -30.0, 30.0))
        probability = probability * (probability >= NEGLIGIBLE).to(numbers.dtype)
        sure = (probability > 1 - NEGLIGIBLE).to(numbers.dtype)
        return torch.cat([rings[:, :2] + numbers[:, :2], rings[:, 2:], probability + (1 - probability) * sure], 1)
