"""The loss of the stages that keep some rows and drop others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from torch import Tensor, nn


class Classifier(Protocol):
    """A network with log odds before its score."""

    @property
    def logits(self) -> Callable[..., Tensor]:
        """From the inputs in order to log odds [rows, 1]."""
        ...


def classifier_loss(network: Classifier, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the binary cross entropy."""
    logits = network.logits(*inputs.values())[:, 0]
    return nn.functional.binary_cross_entropy_with_logits(logits, target, weights, reduction="sum") / weights.sum().clamp(min=1e-6)
