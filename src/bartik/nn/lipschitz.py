"""Networks whose answer cannot change faster than their inputs, and cannot fall where it must rise.

O. Kitouni, N. Nolte, M. Williams, Expressive monotonic neural networks, ICLR 2023 (arXiv:2112.00038 is the method at LHCb): weights are
divided by their norms wherever these exceed a bound, activations sort pairs (Anil, Lucas, Grosse, arXiv:1811.05381) and so lose no
gradient, and a sum of the inputs makes the whole rise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array, UsageError

_SLACK = 1e-6
"""By how much norms are held below their bound: more than the rounding of a float32 division adds."""
_TINY = 1e-10


class BoundedLinear(nn.Module):
    """A dense layer that cannot stretch.

    The largest of ``|W x|`` is at most ``bound`` times the largest of ``|x|``, or, in the ``first`` layer, times their sum.

    Gradients pass through the division, one norm a row (one an entry in the first layer). In evaluation the divided weights are constants.
    """

    bounded: Tensor

    def __init__(self, inputs: int, outputs: int, bound: float, *, first: bool = False) -> None:
        """Start as `torch.nn.Linear` does."""
        super().__init__()
        start = nn.Linear(inputs, outputs)
        self.weight, self.bias = start.weight, start.bias
        self.bound, self.first = bound, first
        self.register_buffer("bounded", self._divided().detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """Rows [batch, inputs] to rows [batch, outputs]."""
        return nn.functional.linear(x, self._divided() if self.training else self.bounded, self.bias)

    def train(self, mode: bool = True) -> BoundedLinear:  # noqa: FBT001, FBT002 - torch's own
        """As torch's; leaving training the weights are divided once and for all."""
        if not mode:
            with torch.no_grad():
                self.bounded.copy_(self._divided())
        super().train(mode)
        return self

    def _divided(self) -> Tensor:
        norms = self.weight.abs() if self.first else self.weight.abs().sum(dim=1, keepdim=True)
        return self.weight / torch.clamp(norms * ((1 + _SLACK) / self.bound), min=1.0)


class SortPairs(nn.Module):
    """GroupSort with groups of two: of entries i and i + n / 2 of a row all larger ones, then all smaller ones; n must be even."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows [batch, n] to rows [batch, n]."""
        first, second = torch.chunk(x, 2, dim=1)
        return torch.cat([torch.maximum(first, second), torch.minimum(first, second)], dim=1)


class LipschitzMonotonic(nn.Module):
    """A response [batch, 1] of rows x [batch, n] with two certificates that hold for all x, whatever the training did.

    It changes by at most ``bound`` times the sum of |Δx|; and it never falls while x_i rises, where ``directions[i]`` is 1, or while x_i
    falls, where it is -1.
    Half of the bound is the dense layers', half that of the sum that makes them monotonic; without directions the layers have it all.
    """

    signs: Tensor

    def __init__(self, hidden: Sequence[int], bound: float, directions: Sequence[int]) -> None:
        """Layers of the even sizes ``hidden``; ``directions`` has an entry an input: 1, -1, or 0 where it is free."""
        super().__init__()
        if not bound > 0 or any(size < 2 or size % 2 for size in hidden) or any(way not in (-1, 0, 1) for way in directions):
            raise UsageError(f"Lipschitz network: bound {bound}, layers {list(hidden)}, directions {list(directions)}",
                             hint="a positive bound, even sizes, and -1, 0 or 1 for each input")  # fmt: skip
        self.bound, self.directions = bound, tuple(directions)
        self.residual = bound / 2 if any(directions) else 0.0
        sizes = [len(directions), *hidden, 1]
        each = (bound - self.residual) ** (1 / (len(sizes) - 1))
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise(sizes)):
            layers += [SortPairs()] if number else []
            layers.append(BoundedLinear(inputs, outputs, each, first=not number))
        self.dense = nn.Sequential(*layers)
        self.register_buffer("signs", torch.tensor(directions, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Response [batch, 1]."""
        free = torch.as_tensor(self.dense(x))
        return free + self.residual * (x * self.signs).sum(dim=1, keepdim=True) if self.residual else free

    def certified(self) -> float:
        """The bound that the weights as they are give, computed in float64: at most ``bound``."""
        weights = [layer.bounded.double().abs() for layer in self.dense if isinstance(layer, BoundedLinear)]
        first, *others = weights
        product = float(first.max()) * float(np.prod([float(weight.sum(dim=1).max()) for weight in others]))
        return product + self.residual


class Scaled(nn.Module):
    """Raw columns cut to the range seen in training, some as their logarithm, in units of their spread: none of this turns an order."""

    low: Tensor
    high: Tensor
    logarithmic: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, logarithm: Sequence[bool]) -> None:
        """Mark the columns whose logarithm is taken: they must be positive in training."""
        super().__init__()
        width = len(logarithm)
        self.register_buffer("logarithmic", torch.tensor(logarithm, dtype=torch.bool))
        self.register_buffer("low", torch.full((width,), _TINY))
        self.register_buffer("high", torch.ones(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))

    def adapt(self, rows: Array) -> None:
        """Learn range, mean and spread from rows [rows, columns]; `UsageError` for a column that is constant."""
        values = torch.from_numpy(rows)
        floor = torch.where(self.logarithmic, torch.tensor(_TINY), torch.tensor(-torch.inf))
        self.low.copy_(torch.maximum(values.amin(0), floor))
        self.high.copy_(values.amax(0))
        shaped = self._shaped(values).double()
        spread = shaped.std(0)
        if not (spread > 0).all():
            raise UsageError(f"column {int(torch.argmin(spread))} of the training rows is constant", hint="leave it out: it says nothing")
        self.mean.copy_(shaped.mean(0))
        self.spread.copy_(spread)

    def forward(self, features: Tensor) -> Tensor:
        """Rows [batch, columns] in physical units to x [batch, columns]."""
        return (self._shaped(features) - self.mean) / self.spread

    def _shaped(self, features: Tensor) -> Tensor:
        cut = torch.minimum(torch.maximum(features, self.low), self.high)
        return torch.where(self.logarithmic, torch.log(torch.clamp(cut, min=_TINY)), cut)


class LipschitzClassifier(nn.Module):
    """`Scaled`, then `LipschitzMonotonic`, then a sigmoid: score [batch, 1] in (0, 1), and the response [batch, 1] before the sigmoid."""

    def __init__(self, logarithm: Sequence[bool], hidden: Sequence[int], bound: float, directions: Sequence[int]) -> None:
        """As the parts have it; the certificates are of the scaled columns."""
        super().__init__()
        self.scaled = Scaled(logarithm)
        self.response = LipschitzMonotonic(hidden, bound, directions)

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the constants of the scaling from training inputs."""
        self.scaled.adapt(inputs["features"])

    def logits(self, features: Tensor) -> Tensor:
        """Response [batch, 1]."""
        return torch.as_tensor(self.response(self.scaled(features)))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Score and response, each [batch, 1]."""
        response = self.logits(features)
        return torch.sigmoid(response), response
