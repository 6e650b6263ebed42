"""The networks of all stages: raw quantities in, physical quantities or probabilities out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.flows import AutoregressiveQuantiles
from bartik.nn.marginals import MarginalTables
from bartik.nn.tabular import Standardise

_FARTHEST = 5.0
_DECISIVE = 25.0
"""Likelihoods whose logarithms are nearer to 0 than this decide on the identity; there they are seen on a scale of their own."""


class Seen(nn.Module):
    """Raw columns to numbers of order one, with what the physics is made of beside them.

    Of particles the curvature, the logarithm of the angle to the beam and the inverse momentum; of identified tracks the squared inverse
    momentum, in which Cherenkov angles of two masses differ; of likelihoods as four species those near 0 once more.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        """Columns by name; momenta and multiplicities are compressed by a logarithm."""
        super().__init__()
        names = list(columns)
        self.p, self.tracks = names.index("p"), "tx" in names
        self.tx = names.index("tx") if self.tracks else names.index("eta")
        self.charge = names.index("charge")
        self.rings = [place for place, name in enumerate(names) if name[:3] in {"DLL", "PID"}]
        self.standardise = Standardise([name in {"p", "charged"} for name in names] + [False] * (3 + len(self.rings)))
        self.width = len(names) + 3 + len(self.rings)

    def adapt(self, features: Array) -> None:
        """Learn ranges, means and spreads of training rows."""
        with torch.no_grad():
            self.standardise.adapt(self._beside(torch.from_numpy(features)).numpy())

    def forward(self, features: Tensor) -> Tensor:
        """Rows [rows, columns] to [rows, width]; nothing is farther than `_FARTHEST` spreads from its mean."""
        return torch.clamp(self.standardise(self._beside(features)), -_FARTHEST, _FARTHEST)

    def _beside(self, features: Tensor) -> Tensor:
        inverse = 1 / torch.clamp(features[:, self.p : self.p + 1], min=0.1)
        bent = features[:, self.charge : self.charge + 1] * inverse
        if not self.tracks:
            eta = features[:, self.tx : self.tx + 1]
            near = [torch.clamp(features[:, self.rings[0] : self.rings[-1] + 1], -_DECISIVE, _DECISIVE)] if self.rings else []
            return torch.cat([features, bent, inverse * inverse, torch.exp(-eta), *near], 1)
        slopes = features[:, self.tx : self.tx + 2]
        square = (slopes * slopes).sum(1, keepdim=True)
        return torch.cat([features, bent, torch.log(square + 1e-6), inverse], 1)


class Probabilities(nn.Module):
    """Probability [rows, 1] of one thing, or of each of several that exclude each other [rows, outputs]."""

    def __init__(self, columns: Sequence[str], outputs: int, hidden: Sequence[int]) -> None:
        """Dense layers of the sizes ``hidden``."""
        super().__init__()
        self.seen = Seen(columns)
        layers: list[nn.Module] = []
        for inputs, width in pairwise([self.seen.width, *hidden]):
            layers += [nn.Linear(inputs, width), nn.ReLU()]
        self.dense = nn.Sequential(*layers, nn.Linear(hidden[-1], outputs))

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        self.seen.adapt(inputs["features"])

    def logits(self, features: Tensor) -> Tensor:
        """Log odds [rows, outputs]."""
        return torch.as_tensor(self.dense(self.seen(features)))

    def forward(self, features: Tensor) -> Tensor:
        """Probabilities."""
        found = torch.clamp(self.logits(features), -30.0, 30.0)
        return torch.sigmoid(found) if found.shape[1] == 1 else torch.softmax(found, 1)


def probability_loss(network: Probabilities, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Cross entropy, from log odds; the target is 0 or 1, or the number of the class [rows]."""
    logits, total = network.logits(inputs["features"]), weights.sum().clamp(min=1e-6)
    if logits.shape[1] == 1:
        return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], target, weights, reduction="sum") / total
    return (nn.functional.cross_entropy(logits, target.long(), reduction="none") * weights).sum() / total


class Generator(nn.Module):
    """Draws ``width`` numbers: tables of their marginal distributions around an autoregressive flow; see `finish` and `present`."""

    def __init__(self, seen: Seen, width: int, hidden: Sequence[int]) -> None:
        """``hidden`` are the layers of the network of each number."""
        super().__init__()
        self.seen, self.tables = seen, MarginalTables(width)
        self.flow = AutoregressiveQuantiles(self.seen.width, width, hidden)

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        self.seen.adapt(inputs["features"])

    def learn_marginals(self, features: Array, target: Array) -> None:
        """Learn the tables from training rows."""
        present = self.present(torch.from_numpy(features))
        there = np.ones(target.shape, bool) if present is None else present.numpy() > 0
        self.tables.adapt([column[rows] for column, rows in zip(target.T, there.T, strict=True)])

    def present(self, features: Tensor) -> Tensor | None:  # noqa: ARG002 - for those that need them
        """1 where a number can be other than 0 [rows, width], else 0; nothing where all can."""
        return None

    def finish(self, features: Tensor, numbers: Tensor) -> Tensor:  # noqa: ARG002 - for those that need them
        """Physical quantities from what was drawn [rows, width]."""
        return numbers

    def forward(self, features: Tensor, noise: Tensor) -> Tensor:
        """Quantities [rows, outputs] for noise [rows, width] in (0, 1)."""
        return self.finish(features, self.tables(self.flow(noise, self.seen(features), self.present(features))))


def density_loss(network: Generator, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Negative logarithm of the density, mean over rows, of the logistic numbers that the tables make of the target."""
    features = inputs["features"]
    z, present = network.tables.inverse(target), network.present(features)
    there = torch.ones_like(z) if present is None else present
    found = network.flow.negative_log_density(z * there, network.seen(features))
    return ((found * there).sum(1) * weights).sum() / weights.sum().clamp(min=1e-6)
