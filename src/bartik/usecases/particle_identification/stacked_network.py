"""Many robust networks trained at once: their weights side by side, each on rows of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.usecases.particle_identification.network import Robust, robust_loss

_AT_ONCE = 2000


class Training(NamedTuple):
    """Sizes of the hidden layers, channels, weights of `Robust`; epochs, rows of a batch, first learning rate."""

    hidden: Sequence[int]
    channels: int
    within: float
    orthogonality: float
    epochs: int
    batch: int
    rate: float


class Stack(NamedTuple):
    """One network of the kind, and the weights and constants [networks, ...] of all by name."""

    network: Robust
    weights: dict[str, Tensor]
    constants: dict[str, Tensor]


class _Loss(nn.Module):
    def __init__(self, network: Robust) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor, target: Tensor) -> Tensor:
        return robust_loss(self.network, {"features": features}, target, torch.ones(len(features)))


class _Both(nn.Module):
    def __init__(self, network: Robust) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> Tensor:
        """Probabilities of the ordinary and of the common last layer [2, tracks, 6]."""
        known = self.network.known(features)
        return torch.softmax(torch.stack([self.network.ordinary(known), self.network.last(known)]), 2)


def train_stack(rows: Array, target: Array, seeds: Sequence[int], how: Training) -> Stack:
    """Networks trained on ``rows`` [seeds, tracks, 14] with species and channel ``target`` [tracks, 2]; all see the rows in one order."""
    networks = [_new(seed, rows[place], how) for place, seed in enumerate(seeds)]
    weights, constants = torch.func.stack_module_state(networks)  # type: ignore[arg-type]
    one = networks[0].train()
    loss = torch.func.vmap(_of(_Loss(one)), in_dims=(0, 0, 0, None))
    features, wanted = torch.from_numpy(rows), torch.from_numpy(target)
    optimiser = torch.optim.Adam(weights.values(), lr=how.rate)
    steps, step = how.epochs * math.ceil(rows.shape[1] / how.batch), 0
    for epoch in range(how.epochs):
        order = torch.from_numpy(np.random.default_rng((3, epoch)).permutation(rows.shape[1]))
        for some in torch.split(order, how.batch):
            optimiser.param_groups[0]["lr"] = how.rate * max(0.5 * (1 + math.cos(math.pi * step / steps)), 1e-3)
            optimiser.zero_grad(set_to_none=True)
            loss(weights, constants, features[:, some], wanted[some]).sum().backward()
            optimiser.step()
            step += 1
    return Stack(one.eval(), {name: value.detach() for name, value in weights.items()}, constants)


def answers(stack: Stack, rows: Array) -> Array:
    """Of ``rows`` [networks, tracks, 14] by the ordinary and by the common last layer [2, networks, tracks, 6]."""
    call = torch.func.vmap(_of(_Both(stack.network)), out_dims=1)
    with torch.inference_mode():
        parts = [call(stack.weights, stack.constants, some) for some in torch.split(torch.from_numpy(rows), _AT_ONCE, dim=1)]
        return np.asarray(torch.cat(parts, 2).numpy())


def _new(seed: int, rows: Array, how: Training) -> Robust:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Robust(how.hidden, how.channels, how.within, how.orthogonality)
    network.adapt({"features": rows})
    return network


def _of(module: nn.Module) -> Any:
    """The module as a function of its network's weights, constants and inputs."""

    def call(weights: dict[str, Tensor], constants: dict[str, Tensor], *inputs: Tensor) -> Any:
        named = {f"network.{name}": value for name, value in (weights | constants).items()}
        return torch.func.functional_call(module, named, inputs)

    return call
