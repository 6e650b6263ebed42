"""Networks on a table of raw physical quantities: preprocessing inside the graph, then dense layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from bartik.core import Array


class Standardise(nn.Module):
    """Raw columns to numbers of order one: clip, logarithm of the marked columns, then subtract mean and divide by spread.

    Every column is clipped to the range seen in training, widened by its own width (above only, where it is marked), so
    that a wild value in the trigger cannot reach a region the network never saw. Marked columns, those that span decades,
    become ``log(1 + x - smallest)``. They come last in the output; the constants are learnt by `adapt` and are part of the graph.
    """

    plain: Tensor
    marked: Tensor
    low: Tensor
    high: Tensor
    shift: Tensor
    mean: Tensor
    inverse_spread: Tensor

    def __init__(self, logarithm: Sequence[bool]) -> None:
        """Mark which columns are compressed by a logarithm."""
        super().__init__()
        mask = torch.tensor(logarithm, dtype=torch.bool)
        width = len(mask)
        self.register_buffer("plain", torch.nonzero(~mask).squeeze(1))
        self.register_buffer("marked", torch.nonzero(mask).squeeze(1))
        self.register_buffer("low", torch.zeros(width))
        self.register_buffer("high", torch.ones(width))
        self.register_buffer("shift", torch.ones(int(mask.sum())))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("inverse_spread", torch.ones(width))

    def adapt(self, features: Array) -> None:
        """Learn range, mean and spread of every column from training rows [rows, width]."""
        rows = torch.from_numpy(features)
        low, high = rows.amin(0), rows.amax(0)
        self.high.copy_(2 * high - low)
        self.low.copy_(2 * low - high)
        self.low[self.marked] = low[self.marked]
        self.shift.copy_(1 - low[self.marked])
        compressed = self._compress(rows).double()
        spread = compressed.std(0)
        self.mean.copy_(compressed.mean(0))
        self.inverse_spread.copy_(torch.where(spread > 0, 1 / spread, torch.zeros_like(spread)))

    def forward(self, features: Tensor) -> Tensor:
        """Rows [..., width] in physical units to rows of order one, marked columns last."""
        return (self._compress(features) - self.mean) * self.inverse_spread

    def _compress(self, features: Tensor) -> Tensor:
        clipped, axis = torch.minimum(torch.maximum(features, self.low), self.high), features.dim() - 1
        plain, marked = clipped.index_select(axis, self.plain), clipped.index_select(axis, self.marked)
        return torch.cat([plain, torch.log(marked + self.shift)], dim=axis)


class TabularClassifier(nn.Module):
    """Probability from a table of raw features: `Standardise`, dense layers, sigmoid.

    Forward takes [batch, width] in physical units and gives [batch, 1] in (0, 1); `logits` stops before the sigmoid.
    """

    prepares: ClassVar[Mapping[str, str]] = {"features": "standardise"}
    """Inputs that a part without weights prepares, which holds all that `adapt` learns: who trains many networks may do it once."""
    grows: ClassVar[bool] = True
    """More hidden nodes without weights change nothing, forwards and backwards: ReLU of 0 is 0."""

    def __init__(self, logarithm: Sequence[bool], hidden: Sequence[int]) -> None:
        """Dense layers of the sizes ``hidden`` with ReLU between."""
        super().__init__()
        self.standardise = Standardise(logarithm)
        sizes = [len(logarithm), *hidden]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.dense = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def adapt(self, inputs: Mapping[str, Array]) -> None:
        """Learn the preprocessing constants from training inputs."""
        self.standardise.adapt(inputs["features"])

    def stacked(self, weights: Mapping[str, Tensor]) -> StackedClassifier:
        """Many such networks at once, with ``weights`` [networks, ...] by the names of this one's."""
        return StackedClassifier([name.removesuffix(".weight") for name in weights if name.endswith(".weight")], weights)

    def logits(self, features: Tensor) -> Tensor:
        """Log odds [batch, 1]."""
        return torch.as_tensor(self.dense(self.standardise(features)))

    def forward(self, features: Tensor) -> Tensor:
        """Probability [batch, 1]."""
        return torch.sigmoid(self.logits(features))


class StackedClassifier:
    """Networks of the same depth on features that are standardised already: a batched product a layer."""

    def __init__(self, layers: Sequence[str], weights: Mapping[str, Tensor]) -> None:
        """Dense ``layers`` by name, in order, with ``NAME.weight`` [networks, out, in] and ``NAME.bias`` [networks, out]."""
        self._layers = [(weights[f"{name}.weight"].transpose(1, 2), weights[f"{name}.bias"].unsqueeze(1)) for name in layers]

    def logits(self, features: Tensor) -> Tensor:
        """Log odds [networks, batch, 1] for rows [batch, width], the same for all, or [networks, batch, width]."""
        found = features.expand(len(self._layers[0][0]), *features.shape[-2:])
        for place, (weight, bias) in enumerate(self._layers):
            found = torch.baddbmm(bias, torch.relu(found) if place else found, weight)
        return found


class WithLogits(Protocol):
    """A network of a table that can stop before its sigmoid."""

    def logits(self, features: Tensor) -> Tensor:
        """Log odds [batch, 1]."""
        ...


def logistic_loss(model: WithLogits | StackedClassifier, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the binary cross entropy, from the log odds so that it cannot saturate; of each network of a stack [networks]."""
    logits = model.logits(inputs["features"]).squeeze(-1)
    if isinstance(model, StackedClassifier):
        every = nn.functional.binary_cross_entropy_with_logits(logits, target.expand_as(logits), weights, reduction="none")
        return every.sum(-1) / weights.sum(-1)
    return nn.functional.binary_cross_entropy_with_logits(logits, target, weights, reduction="sum") / weights.sum()
