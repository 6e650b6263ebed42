"""The generators of the stages that make more of what the flow draws than its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bartik.simulation.response.identity import NEGLIGIBLE
from bartik.simulation.response.rich import HYPOTHESES, RADIATORS, threshold
from bartik.simulation.response.track_state import PAIRS
from bartik.usecases.ultrafast_simulation.columns import FITTED, IDENTITY, KNOWN, TRACK
from bartik.usecases.ultrafast_simulation.layers import Generator

_P, _ETA = (next(place for place, column in enumerate(IDENTITY) if column.name == name) for name in ("p", "eta"))
_TRUE_P = next(place for place, column in enumerate(TRACK) if column.name == "p")
_DLL = next(place for place, column in enumerate(KNOWN) if column.name == "DLLe")


def _names(columns: Sequence[object]) -> list[str]:
    return [str(column.name) for column in columns]  # type: ignore[attr-defined]


class Resolution(Generator):
    """Residuals and quality of tracks: the flow draws dp relative to p, and degrees of freedom that are no whole numbers yet."""

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(_names(TRACK), 9, hidden)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Columns of `columns.QUALITY`."""
        dp = numbers[:, 5:6] * features[:, _TRUE_P : _TRUE_P + 1]
        return torch.cat([numbers[:, :5], dp, numbers[:, 6:7], torch.round(numbers[:, 7:8]), numbers[:, 8:]], 1)


class Covariance(Generator):
    """Logarithms of variances, and correlations by way of partial ones, so that every covariance is positive definite."""

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(_names(FITTED), 15, hidden)

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


class Rings(Generator):
    """Likelihoods of the RICH: exactly 0 where no radiator has light of either hypothesis."""

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(_names(IDENTITY), 4, hidden)

    def present(self, features: Tensor) -> Tensor:
        """Whether some radiator has light; as `bartik.simulation.response.identity.light`."""
        return lit(features)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Columns of `columns.DLL`."""
        return numbers * self.present(features)


def lit(features: Tensor) -> Tensor:
    """1 where DLLe, DLLmu, DLLK, DLLp [rows, 4] of identified tracks can be other than 0, else 0."""
    p, eta = features[:, _P : _P + 1], features[:, _ETA : _ETA + 1]
    lightest = [HYPOTHESES[name] for name in ("e", "mu", "pi", "pi")]
    found = []
    for radiator in RADIATORS:
        low, high = (-math.log(math.tan(angle / 2)) for angle in (radiator.outer, radiator.inner))
        covered = ((eta > low) & (eta < high)).to(p.dtype)
        limits = torch.tensor([[float(threshold(np.asarray(mass), radiator)) for mass in lightest]], dtype=p.dtype)
        found.append(covered * (p > limits).to(p.dtype))
    return torch.maximum(found[0], found[1])


class Muon(Generator):
    """Likelihoods of the muon system, of tracks that pass isMuon."""

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(_names(IDENTITY), 2, hidden)


class Combined(Generator):
    """Combined likelihoods and ProbNN.

    The flow draws what calorimeters and muon system add to DLLe and DLLmu, and log odds of ProbNN; DLLK and DLLp pass through.
    """

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(_names(KNOWN), 7, hidden)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Columns of `columns.COMBINED`."""
        rings = features[:, _DLL : _DLL + 4]
        probability = torch.sigmoid(torch.clamp(numbers[:, 2:], -30.0, 30.0))
        probability = probability * (probability >= NEGLIGIBLE).to(numbers.dtype)
        sure = (probability > 1 - NEGLIGIBLE).to(numbers.dtype)
        return torch.cat([rings[:, :2] + numbers[:, :2], rings[:, 2:], probability + (1 - probability) * sure], 1)
