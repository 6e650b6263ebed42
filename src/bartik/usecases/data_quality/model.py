"""The network, and what it is trained for: that good runs are as likely as can be."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bartik.core import Config
from bartik.simulation.runs import BINS
from bartik.usecases.data_quality.network import ReferenceNetwork


def model(config: Config) -> ReferenceNetwork:
    """Untrained."""
    options = config.model
    return ReferenceNetwork(options.width, options.heads, options.layers, options.inner, options.states, options.dropout)


def loss(network: nn.Module, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Logarithm of minus the log-likelihood of good runs, a bin; bad runs (target 1) teach nothing.

    The logarithm, as nobody can foresee the first run after a jump, and it would teach as much as a hundred others.
    """
    assert isinstance(network, ReferenceNetwork)  # noqa: S101 - the loop gives what `model` made
    pulls, log_variance = network.pulls(*network.templates(inputs["context"], inputs["age"]), inputs["run"])
    missed = -torch.logsumexp(network.log_likelihood(pulls, log_variance), 1) / BINS
    good = weights * (1 - target)
    return (good * torch.log(2 + missed.clamp(min=-1.0))).sum() / good.sum().clamp(min=1e-6)
