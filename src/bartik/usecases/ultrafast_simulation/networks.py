"""The generators of the stages that make more of what the flow draws than its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.simulation.response.identity import NEGLIGIBLE, NO_MUON
from bartik.simulation.response.rich import HYPOTHESES, RADIATORS, Radiator, threshold
from bartik.simulation.response.track_state import FLATTEST, PAIRS
from bartik.usecases.ultrafast_simulation.columns import DRAWN, ELECTRON, FITTED, IDENTITY, JUDGED, KNOWN, TRACK
from bartik.usecases.ultrafast_simulation.layers import Generator, Seen, density_loss

_P, _ETA = (next(place for place, column in enumerate(IDENTITY) if column.name == name) for name in ("p", "eta"))
_TRUE_P = next(place for place, column in enumerate(TRACK) if column.name == "p")
_SLOPES = slice(_TRUE_P + 1, _TRUE_P + 3)
_SPECIES = slice(len(IDENTITY) - 5, len(IDENTITY))
_PASSES = len(IDENTITY)
_DLL, _MUONS = slice(_PASSES + 1, _PASSES + 5), slice(_PASSES + 5, _PASSES + 7)
_LIT = ("e", "mu", "pi", "K")
"""Lightest species whose light tells each column of `columns.DLL` from those that are drawn before it."""
_FAR, _LEAST = 9.0, 1e-6
"""Squared distance of rings, in resolutions of a photon, from which they are apart altogether; and that of rings that are one."""
_SMEARED = (0.0, 0.05, 0.1, 0.1)
"""Spreads of what the numbers that the flow draws are smeared with, in their units and in the order of `columns.DRAWN`: of fast tracks the
last are nearly given by those before, and their scale would be learnt alone."""
_SURE, _MANY, _STRETCH = 60.0, 4.0, 3.0
"""Largest logarithm of a likelihood that is reckoned with; units of log odds that are seen, and that are drawn."""


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
        found = [super().forward(features)]
        for radiator in RADIATORS:
            share, apart = _rings(features, radiator)
            own = (share * features[:, _SPECIES]).sum(1, keepdim=True)
            seen = [torch.ones_like(own), share, own, torch.clamp(apart / 10, -3.0, 3.0)]
            found.append(torch.cat(seen, 1) * covered(features, radiator))
        return torch.cat(found, 1)


class Rings(Generator):
    """Likelihoods of the RICH: exactly 0 where no radiator has light of either hypothesis, and DLLp is DLLK where none has any of a kaon.

    What is drawn first is drawn best: of each species the flow draws its numbers in the order of `columns.DRAWN`. DLLe is drawn less
    `columns.ELECTRON` times DLLmu, which it is where rings are hardly apart; of electrons DLLmu is drawn less its share of DLLe. All are
    drawn in units of how far the rings are apart, which are orders of magnitude between slow and fast tracks.
    """

    places: Tensor

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(Lights(), 4, hidden)
        self.register_buffer("places", torch.eye(4)[torch.tensor(DRAWN)].reshape(5, 16), persistent=False)

    def present(self, features: Tensor) -> Tensor:
        """Whether some radiator has light that tells a number from those before it; as `bartik.simulation.response.identity.light`."""
        return (lit(features, _LIT).unsqueeze(1) * self._order(features)).sum(2)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Columns of `columns.DLL`."""
        there, units, (share, other) = lit(features, _LIT), *self._scales(features)
        drawn = (numbers.unsqueeze(2) * self._order(features)).sum(1) * there * units
        electron, muon, kaon, proton = torch.split(drawn, 1, 1)
        whole = muon + other * electron * there[:, 1:2]
        return torch.cat([electron + share * muon, whole, kaon, proton + kaon * (1 - there[:, 3:])], 1)

    def numbers(self, features: Tensor, found: Tensor) -> Tensor:
        """What the flow should draw [rows, 4], from columns of `columns.DLL`: `finish` the other way."""
        units, (share, other) = self._scales(features)
        electron, muon, kaon, proton = torch.split(found, 1, 1)
        drawn = torch.cat([electron - share * muon, muon - other * electron, kaon, proton], 1) / units
        return (drawn.unsqueeze(1) * self._order(features)).sum(2)

    def learn_marginals(self, features: Array, target: Array) -> None:
        """Learn the tables from training rows; the target is what should come out."""
        super().learn_marginals(features, self.numbers(torch.from_numpy(features), torch.from_numpy(target)).numpy())

    def _order(self, features: Tensor) -> Tensor:
        """1 where a number drawn [rows, 4, .] is that of a column [rows, ., 4], else 0."""
        return (features[:, _SPECIES] @ self.places).reshape(-1, 4, 4)

    def _scales(self, features: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Units of the columns as they are drawn [rows, 4], and how much of DLLmu DLLe is drawn less, and of DLLe DLLmu [rows, 1].

        A likelihood spreads as rings are apart, in resolutions of a photon times the root of their number: no unit. Where electron's,
        muon's and pion's rings hardly are, ``alike`` is 1: DLLe and DLLmu have this in common, and what is left spreads as its square, by
        ``rest`` less.
        """
        square = torch.full_like(features[:, :4], _LEAST)
        for radiator in RADIATORS:
            share, apart = _rings(features, radiator)
            light = torch.maximum(torch.cat([share[:, :2], share[:, 3:]], 1), share[:, 2:3]) * radiator.photons
            square = square + light * torch.clamp(apart * apart, max=_FAR) * covered(features, radiator)
        electron, muon, kaon, proton = torch.split(torch.sqrt(square), 1, 1)
        first, both = features[:, _SPECIES][:, :1], lit(features, ("mu",))
        alike, rest = 1 / (1 + muon * muon), both * muon / (1 + muon) + 1 - both
        units = torch.cat([electron * (first + (1 - first) * rest), muon * (first * rest + 1 - first), kaon, proton], 1)
        return units, ((1 - first) * alike * ELECTRON, first * alike / ELECTRON)


def rings_loss(network: Rings, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Negative logarithm of the density of what the flow draws, a little smeared, mean over rows."""
    numbers = network.numbers(inputs["features"], target)
    return density_loss(network, inputs, numbers + numbers.new_tensor(_SMEARED) * torch.randn_like(numbers), weights)


def _rings(features: Tensor, radiator: Radiator) -> tuple[Tensor, Tensor]:
    """Light of each mass [rows, 5] as a share of the most, and how far other rings are from a pion's [rows, 4] in resolutions."""
    p = torch.clamp(features[:, _P : _P + 1], min=0.1)
    masses = torch.tensor([[mass * mass for mass in HYPOTHESES.values()]], dtype=p.dtype)
    index = 1 + radiator.refractivity
    light = torch.clamp((index**2 - 1 - masses / (p * p)) / index**2, min=0.0)
    apart = (torch.sqrt(light) - torch.sqrt(light[:, 2:3])) / radiator.resolution
    return light / (1 - 1 / index**2), torch.cat([apart[:, :2], apart[:, 3:]], 1)


def covered(features: Tensor, radiator: Radiator) -> Tensor:
    """1 where a radiator covers a track [rows, 1], else 0."""
    eta = features[:, _ETA : _ETA + 1]
    low, high = (-math.log(math.tan(angle / 2)) for angle in (radiator.outer, radiator.inner))
    return ((eta > low) & (eta < high)).to(eta.dtype)


def lit(features: Tensor, lightest: Sequence[str] = ("e", "mu", "pi", "pi")) -> Tensor:
    """1 where some radiator has light of the species named [rows, species], else 0; where DLLe, DLLmu, DLLK, DLLp can be other than 0."""
    p = features[:, _P : _P + 1]
    found = []
    for radiator in RADIATORS:
        limits = torch.tensor([[float(threshold(np.asarray(HYPOTHESES[name]), radiator)) for name in lightest]], dtype=p.dtype)
        found.append(covered(features, radiator) * (p > limits).to(p.dtype))
    return torch.maximum(found[0], found[1])


class Muon(Generator):
    """Likelihoods of the muon system, of tracks that pass isMuon."""

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(Seen(_names(IDENTITY)), 2, hidden)


class Judged(Seen):
    """What else is known of a track where its species is judged.

    The log odds of each species against all others by Bayes' theorem: how far the combined likelihoods are believed, and how frequent the
    species are, is learnt.
    """

    others: Tensor

    def __init__(self) -> None:
        """Beliefs and frequencies are alike at first."""
        super().__init__(_names(JUDGED))
        self.width += 5
        self.belief, self.prior = nn.Parameter(torch.full((1, 5), 0.2)), nn.Parameter(torch.zeros(1, 5))
        self.register_buffer("others", 1 - torch.eye(5), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Rows [rows, columns] to [rows, width]."""
        return torch.cat([super().forward(features), self.odds(features) / _MANY], 1)

    def odds(self, features: Tensor) -> Tensor:
        """Log odds [rows, 5]."""
        combined = features[:, _DLL]
        likely = torch.cat([combined[:, :2], torch.zeros_like(combined[:, :1]), combined[:, 2:]], 1)
        likely = torch.clamp(self.belief * likely + self.prior, -_SURE, _SURE)
        return likely - torch.log(torch.exp(likely) @ self.others)


class Odds(Generator):
    """Log odds of ProbNN: those of Bayes' theorem, and what a flow adds to them."""

    seen: Judged

    def __init__(self, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__(Judged(), 5, hidden)
        self.tables.stretch(_STRETCH)

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Log odds [rows, 5]."""
        return numbers + self.seen.odds(features)


class Combined(nn.Module):
    """Combined likelihoods and ProbNN, by two flows one behind the other.

    The first draws what the calorimeters add to DLLe and DLLmu; what the muon system adds is known, and DLLK and DLLp pass through. The
    second sees the four sums and draws by how much log odds of ProbNN differ from those of Bayes' theorem.
    """

    def __init__(self, hidden: Sequence[int], odds: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number of the first flow, ``odds`` those of the second."""
        super().__init__()
        self.added = Generator(Seen(_names(KNOWN)), 2, hidden)
        self.odds = Odds(odds)

    def learn_marginals(self, features: Array, target: Array) -> None:
        """Learn all constants from training rows: those of the second flow need what the first should draw."""
        self.added.adapt({"features": features})
        self.added.learn_marginals(features, target[:, :2])
        self.odds.adapt({"features": sums(torch.from_numpy(features), torch.from_numpy(target[:, :2])).numpy()})

    def forward(self, features: Tensor, noise: Tensor) -> Tensor:
        """Columns of `columns.COMBINED` for noise [rows, 7] in (0, 1)."""
        judged = sums(features, self.added(features, noise[:, :2]))
        probability = torch.sigmoid(torch.clamp(self.odds(judged, noise[:, 2:]), -30.0, 30.0))
        probability = probability * (probability >= NEGLIGIBLE).to(noise.dtype)
        sure = (probability > 1 - NEGLIGIBLE).to(noise.dtype)
        return torch.cat([judged[:, _DLL], probability + (1 - probability) * sure], 1)


def sums(features: Tensor, added: Tensor) -> Tensor:
    """Columns of `columns.JUDGED` from those of `columns.KNOWN` and what calorimeters add: as electron, as muon rather than electron."""
    rings, muons, passes = features[:, _DLL], features[:, _MUONS], features[:, _PASSES : _PASSES + 1]
    muon = NO_MUON + passes * (muons[:, :1] - muons[:, 1:] - NO_MUON)
    combined = torch.cat([rings[:, :1] + added[:, :1], rings[:, 1:2] + added.sum(1, keepdim=True) + muon, rings[:, 2:]], 1)
    return torch.cat([features[:, : _PASSES + 1], combined, muons], 1)


def combined_loss(network: Combined, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Negative logarithm of the density of both flows' numbers [rows, 7], mean over rows."""
    features = inputs["features"]
    first = density_loss(network.added, inputs, target[:, :2], weights)
    judged = sums(features, target[:, :2])
    return first + density_loss(network.odds, {"features": judged}, target[:, 2:] - network.odds.seen.odds(judged), weights)
