"""Many networks of all species trained at once, their weights side by side, each on rows of its own; and their decomposed last layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array, Config, Dataset
from bartik.nn.decomposed import Decomposition, decompose
from bartik.usecases.particle_identification.network import MultiClass, multi_class_loss

_AT_ONCE = 2000


class Training(NamedTuple):
    """Sizes of the hidden layers, epochs, rows of a batch, first learning rate, and how the last layers are decomposed."""

    hidden: Sequence[int]
    epochs: int
    batch: int
    rate: float
    decomposition: Decomposition


class Stack(NamedTuple):
    """One network of the kind, the weights and constants [networks, ...] of all by name, and common last layers of all."""

    network: MultiClass
    weights: dict[str, Tensor]
    constants: dict[str, Tensor]
    common: tuple[Tensor, Tensor]


class _Part(nn.Module):
    """What a network knows before its last layer, or its loss where there is a target."""

    def __init__(self, network: MultiClass) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor, target: Tensor | None = None) -> Tensor:
        if target is None:
            return self.network.known(features)
        return multi_class_loss(self.network, {"features": features}, target, torch.ones(len(features)))


def train_stack(rows: Array, target: tuple[Array, Array], seeds: Sequence[int], how: Training) -> Stack:
    """Networks trained on ``rows`` [seeds, tracks, 14] with species and channel [tracks]; all see the rows in one order."""
    networks = [_new(seed, rows[place], how) for place, seed in enumerate(seeds)]
    weights, constants = torch.func.stack_module_state(networks)
    one, features = networks[0].train(), torch.from_numpy(rows)
    species, channel = (torch.from_numpy(np.asarray(values, np.int64)) for values in target)
    _descend(torch.func.vmap(_of(_Part(one)), in_dims=(0, 0, 0, None)), weights, constants, (features, species), how)
    fixed = {name: value.detach() for name, value in weights.items()}
    known = _known(one.eval(), fixed, constants, features)
    return Stack(one, fixed, constants, decompose(known, species, channel, torch.ones(len(species)), how.decomposition))


def answers(stack: Stack, rows: Array) -> Array:
    """Of ``rows`` [networks, tracks, 14] by the ordinary and by the common last layer [2, networks, tracks, 6]."""
    known = _known(stack.network, stack.weights, stack.constants, torch.from_numpy(rows))
    layers = [(stack.weights["last.weight"], stack.weights["last.bias"]), stack.common]
    with torch.inference_mode():
        return np.stack([torch.softmax(known @ weight.transpose(1, 2) + bias[:, None], 2).numpy() for weight, bias in layers])


def common_layer(network: MultiClass, train: Dataset, config: Config) -> None:
    """Replace the last layer of a trained network with the common part of a decomposed one, learnt on the tracks of its training."""
    species, channel = (torch.from_numpy(np.asarray(train.spectators[name], np.int64)) for name in ("species", "channel"))
    weights = torch.ones(train.rows) if train.weights is None else torch.from_numpy(np.asarray(train.weights, np.float32))
    with torch.no_grad():
        known = network.known(torch.from_numpy(train.inputs["features"]))
    channel = torch.unique(channel, return_inverse=True)[1]
    how = Decomposition(config.model.within, config.model.orthogonality)
    weight, bias = decompose(known[None], species, channel, weights, how, config.train.seed)
    with torch.no_grad():
        network.last.weight.copy_(weight[0])
        network.last.bias.copy_(bias[0])


def _descend(loss: Any, weights: dict[str, Tensor], constants: dict[str, Tensor], data: tuple[Tensor, Tensor], how: Training) -> None:
    """Adam on the sum of the losses of all networks, at a rate that falls as half a cosine."""
    optimiser, (features, species) = torch.optim.Adam(weights.values(), lr=how.rate), data
    steps, step = how.epochs * math.ceil(len(species) / how.batch), 0
    for epoch in range(how.epochs):
        order = torch.from_numpy(np.random.default_rng((3, epoch)).permutation(len(species)))
        for some in torch.split(order, how.batch):
            optimiser.param_groups[0]["lr"] = how.rate * max(0.5 * (1 + math.cos(math.pi * step / steps)), 1e-3)
            optimiser.zero_grad(set_to_none=True)
            loss(weights, constants, features[:, some], species[some]).sum().backward()
            optimiser.step()
            step += 1


def _known(network: MultiClass, weights: dict[str, Tensor], constants: dict[str, Tensor], rows: Tensor) -> Tensor:
    """What the last layers take [networks, tracks, hidden]."""
    call = torch.func.vmap(_of(_Part(network)))
    with torch.no_grad():
        return torch.cat([call(weights, constants, some) for some in torch.split(rows, _AT_ONCE, dim=1)], 1)


def _new(seed: int, rows: Array, how: Training) -> MultiClass:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MultiClass(how.hidden, 0.0)
    network.adapt({"features": rows})
    return network


def _of(module: nn.Module) -> Any:
    """The module as a function of its network's weights, constants and inputs."""

    def call(weights: dict[str, Tensor], constants: dict[str, Tensor], *inputs: Tensor) -> Any:
        named = {f"network.{name}": value for name, value in (weights | constants).items()}
        return torch.func.functional_call(module, named, inputs)

    return call
