"""Common-specific decomposition: a last layer that keeps apart what holds in every domain and what is of one domain alone.

V. Piratla, P. Netrapalli, S. Sarawagi, Efficient domain generalization via common-specific low-rank decomposition, ICML 2020,
arXiv:2003.12815; for particle identification LHCb, arXiv:2212.07274. In domain i the weights are W_i = w_c + g_i w_s, with w_s
orthogonal to w_c; only w_c is kept for domains that training has not seen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Decomposition(NamedTuple):
    """Weight of the loss within domains beside the common one, of the overlap, of the sum of squares; steps, rows and rate of training."""

    within: float
    orthogonality: float
    decay: float = 1e-3
    steps: int = 300
    batch: int = 4096
    rate: float = 0.03


def decompose(known: Tensor, target: Tensor, domain: Tensor, weights: Tensor, how: Decomposition, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Common weights [networks, classes, inputs] and biases [networks, classes] of a last layer, for many networks at once.

    Made small is (l CE(W_i) + CE(w_c)) / (1 + l) + k overlap + decay. Orthogonal is meant, as in the paper, of weights, but of those of
    inputs that are uncorrelated and of variance one within each class: else what is orthogonal would depend on how inputs are written.
    Each domain has biases of its own as well, which are dropped.

    Parameters
    ----------
    known
        Inputs of the layer [networks, rows, inputs].
    target, domain, weights
        Class and domain, int64 [rows], both from 0 on, and weight [rows], not negative.

    """
    classes, domains = int(target.max()) + 1, int(domain.max()) + 1
    turn, middle = whitening(known, target, weights), (known * weights[:, None]).sum(1, keepdim=True) / weights.sum()
    rows = (known - middle) @ turn
    random = torch.Generator().manual_seed(seed)
    common, specific, shares, bias, own_bias = _begin(len(known), classes, known.shape[2], domains, random)
    optimiser = torch.optim.Adam([common, specific, shares, bias, own_bias], lr=how.rate)
    for step in range(how.steps):
        optimiser.param_groups[0]["lr"] = how.rate * max(0.5 * (1 + math.cos(math.pi * step / how.steps)), 1e-3)
        some = torch.randint(known.shape[1], (min(how.batch, known.shape[1]),), generator=random)
        shared = rows[:, some] @ common.transpose(1, 2) + bias[:, None]
        own = shared + shares[:, domain[some], None] * (rows[:, some] @ specific.transpose(1, 2)) + own_bias[:, domain[some]]
        losses = [_entropy(logits, target[some], weights[some]) for logits in (own, shared)]
        loss = (how.within * losses[0] + losses[1]) / (1 + how.within) + how.orthogonality * overlap(common, specific)
        loss = loss + how.decay * ((common**2).sum((1, 2)) + (specific**2).sum((1, 2)) + (shares**2).sum(1))
        optimiser.zero_grad(set_to_none=True)
        loss.sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    found = (common @ turn.transpose(1, 2)).detach()
    return found, bias.detach() - (found @ middle.transpose(1, 2)).squeeze(2)


def overlap(common: Tensor, specific: Tensor) -> Tensor:
    """Mean over classes of the squared cosine between both weights [networks, classes, inputs]: [networks]."""
    product = (common * specific).sum(2) ** 2
    return (product / ((common**2).sum(2) * (specific**2).sum(2) + 1e-9)).mean(1)


def whitening(known: Tensor, target: Tensor, weights: Tensor, ridge: float = 1e-2) -> Tensor:
    """Matrices [networks, inputs, inputs] behind which inputs [networks, rows, inputs] have no correlation within a class.

    ``ridge`` times the mean variance is added to all variances, so that inputs that are always the same do not become large.
    """
    cell = nn.functional.one_hot(target).to(known.dtype) * weights[:, None]
    means = cell.T @ known / cell.sum(0)[:, None].clamp(min=1e-6)
    centred = known - means[:, target]
    covariance = (centred * weights[:, None]).transpose(1, 2) @ centred / weights.sum()
    variance = torch.diagonal(covariance, dim1=1, dim2=2).mean(1)
    values, vectors = torch.linalg.eigh(covariance + (ridge * variance + 1e-9)[:, None, None] * torch.eye(known.shape[2]))
    return torch.as_tensor(vectors * values[:, None, :] ** -0.5)


def _begin(networks: int, classes: int, inputs: int, domains: int, random: torch.Generator) -> list[Tensor]:
    """First common and specific weights, shares, biases and those of domains, the same for all networks."""
    common = 0.01 * torch.randn(classes, inputs, generator=random)
    specific = 0.05 * torch.randn(classes, inputs, generator=random)
    shares = 1 + 0.1 * torch.randn(domains, generator=random)  # of one sign: else the first mean of the specific part counts as common
    first = [common, specific, shares, torch.zeros(classes), torch.zeros(domains, classes)]
    return [one.repeat(networks, *[1] * one.dim()).requires_grad_() for one in first]


def _entropy(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Mean cross entropy [networks] of logits [networks, rows, classes]."""
    wanted = target.expand(len(logits), -1)
    each = nn.functional.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    return (each * weights).sum(1) / weights.sum().clamp(min=1e-6)
