"""Losses between histograms, bin by bin."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bartik.usecases.vertex_finding.columns import BINS
from bartik.usecases.vertex_finding.networks import HistogramNetwork

_EPSILON = 1e-5
_STEP = 16  # bins, that a U-Net of five levels halves without a rest


def histogram_loss(network: HistogramNetwork, inputs: Mapping[str, Tensor], target: Tensor) -> Tensor:
    """`ratio_loss` with the asymmetry of the network's aim.

    In training on a stretch of bins drawn anew for each batch, the middle more often than the ends: most of an event is empty.
    """
    values, stretch = list(inputs.values()), network.aim.stretch
    if not (network.training and 0 < stretch < BINS):
        return ratio_loss(network.histogram(network.sums(*values)), target, network.aim.asymmetry)
    first = int(torch.randint(0, BINS - stretch + 1, (2,)).sum()) // (2 * _STEP) * _STEP
    last = first + stretch
    sums = network.sums(*network.near(values, first, last))[:, :, first // network.step : last // network.step]
    return ratio_loss(network.histogram(sums), target[:, first:last], network.aim.asymmetry)


def ratio_loss(histogram: Tensor, target: Tensor, asymmetry: float) -> Tensor:
    """Mean over the bins with a target: -log(2 r / (r² + 1)) (1 + c exp(-r)), r the ratio of both; c is the ``asymmetry``.

    PV-Finder's (``alt_loss_A.py``): with c > 0 a peak that is missing costs more than one that is too many, so that c trades efficiency
    against false positives. Written with log r, of which the first factor is log cosh. Bins with a target that is NaN do not count.
    """
    known = torch.isfinite(target)
    wanted = torch.where(known, target, torch.zeros_like(target))
    logarithm = torch.log((histogram + _EPSILON) / (wanted + _EPSILON))
    size = logarithm.abs()
    cost = (size + nn.functional.softplus(-2 * size) - math.log(2)) * (1 + asymmetry * torch.exp(-torch.exp(logarithm)))
    return (cost * known).sum() / known.sum()


def density_loss(density: Tensor, target: Tensor) -> Tensor:
    """Mean square of the difference of square roots, which makes the error of a bin with few tracks count as one with many."""
    return (torch.sqrt(density + 1e-3) - torch.sqrt(target + 1e-3)).square().mean()
