"""Common-specific decomposition: a last layer that keeps apart what holds in every domain and what is of one domain alone.

V. Piratla, P. Netrapalli, S. Sarawagi, Efficient domain generalization via common-specific low-rank decomposition, ICML 2020,
arXiv:2003.12815; for particle identification LHCb, arXiv:2212.07274. In domain i the weights are W_i = w_c + g_i w_s, with w_s
orthogonal to w_c; only w_c is kept for domains that training has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Decomposition(NamedTuple):
    """Weight of the loss within domains beside the common one, of the overlap, of the sum of squares; steps, rows and rate of training."""

    within: float
    orthogonality: float
    decay: float = 1e-3
    steps: int = 200
    batch: int = 4096
    rate: float = 0.03


def decompose(known: Tensor, target: Tensor, domain: Tensor, weights: Tensor, how: Decomposition, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Common weights [networks, classes, inputs] and biases [networks, classes] of a last layer, for many networks at once.

    First a layer of each domain alone is learnt, and `split` divides their weights as the paper's algorithm for linear models does. From
    there (l CE(W_i) + CE(w_c)) / (1 + l) + k overlap + decay is made small. Orthogonal is meant, as in the paper, of weights, but of those
    of inputs that are uncorrelated and of variance one within each class: else what is orthogonal would depend on how inputs are written.
    Each domain has biases of its own as well, which are dropped.

    Parameters
    ----------
    known
        Inputs of the layer [networks, rows, inputs].
    target, domain, weights
        Class and domain, int64 [rows], both from 0 on, and weight [rows], not negative.

    """
    turn, middle = whitening(known, target, weights), (known * weights[:, None]).sum(1, keepdim=True) / weights.sum()
    data = _Rows((known - middle) @ turn, target, domain, weights)
    common, specific, shares = split(_alone(data, how, seed))
    common, bias = _together(data, how, (common, specific, shares), seed)
    found = common @ turn.transpose(1, 2)
    return found, bias - (found @ middle.transpose(1, 2)).squeeze(2)


def split(alone: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Common and specific weights [networks, classes, inputs], shares [networks, domains], of layers [networks, domains, classes, inputs].

    The specific part is the first principal component of what differs between domains; the common part is what all have across it
    (arXiv:2003.12815, algorithm 1, with one component).
    """
    flat = (alone - alone.mean(2, keepdim=True)).flatten(2)
    mean = flat.mean(1, keepdim=True)
    left, size, right = torch.linalg.svd(flat - mean, full_matrices=False)
    specific = right[:, :1]
    along = (mean * specific).sum(2, keepdim=True)
    common = mean - along * specific
    shares = (left[:, :, :1] * size[:, None, :1] + along).squeeze(2)
    shape = (len(alone), *alone.shape[2:])
    return common.reshape(shape), specific.reshape(shape), shares


class _Rows(NamedTuple):
    known: Tensor
    target: Tensor
    domain: Tensor
    weights: Tensor


def _alone(data: _Rows, how: Decomposition, seed: int) -> Tensor:
    """A layer of each domain, learnt on its rows [networks, domains, classes, inputs]."""
    networks, _, inputs = data.known.shape
    domains, classes = int(data.domain.max()) + 1, int(data.target.max()) + 1
    layers = torch.zeros(networks, domains * classes, inputs).requires_grad_()
    bias = torch.zeros(networks, domains * classes).requires_grad_()

    def loss(some: Tensor) -> Tensor:
        every = (data.known[:, some] @ layers.transpose(1, 2) + bias[:, None]).reshape(networks, -1, domains, classes)
        place = data.domain[some][None, :, None, None].expand(networks, -1, 1, classes)
        own = every.gather(2, place).squeeze(2)
        return _entropy(own, data.target[some], data.weights[some]) + how.decay * (layers**2).sum((1, 2)) / domains

    _descend(loss, [layers, bias], data, how, how.rate, seed)
    return layers.detach().reshape(networks, domains, classes, inputs)


def _together(data: _Rows, how: Decomposition, first: tuple[Tensor, Tensor, Tensor], seed: int) -> tuple[Tensor, Tensor]:
    """Common weights and biases that make the whole loss small, from those of `split` on."""
    common, specific, shares = (one.clone().requires_grad_() for one in first)
    bias = torch.zeros(common.shape[:2]).requires_grad_()
    own_bias = torch.zeros(*shares.shape, common.shape[1]).requires_grad_()

    def loss(some: Tensor) -> Tensor:
        rows, domain = data.known[:, some], data.domain[some]
        shared = rows @ common.transpose(1, 2) + bias[:, None]
        own = shared + shares[:, domain, None] * (rows @ specific.transpose(1, 2)) + own_bias[:, domain]
        losses = [_entropy(logits, data.target[some], data.weights[some]) for logits in (own, shared)]
        squares = (common**2).sum((1, 2)) + (specific**2).sum((1, 2)) + (shares**2).sum(1)
        return (how.within * losses[0] + losses[1]) / (1 + how.within) + how.orthogonality * overlap(common, specific) + how.decay * squares

    _descend(loss, [common, specific, shares, bias, own_bias], data, how, how.rate / 3, seed)
    return common.detach(), bias.detach()


def _descend(loss: Callable[[Tensor], Tensor], moved: list[Tensor], data: _Rows, how: Decomposition, rate: float, seed: int) -> None:
    """Adam on batches of rows at a rate that falls as half a cosine; ``loss`` of rows [networks]."""
    random, optimiser = torch.Generator().manual_seed(seed), torch.optim.Adam(moved, lr=rate)
    for step in range(how.steps):
        optimiser.param_groups[0]["lr"] = rate * max(0.5 * (1 + math.cos(math.pi * step / how.steps)), 1e-3)
        some = torch.randint(len(data.target), (min(how.batch, len(data.target)),), generator=random)
        optimiser.zero_grad(set_to_none=True)
        loss(some).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()


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


def _entropy(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Mean cross entropy [networks] of logits [networks, rows, classes]."""
    wanted = target.expand(len(logits), -1)
    each = nn.functional.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    return (each * weights).sum(1) / weights.sum().clamp(min=1e-6)
