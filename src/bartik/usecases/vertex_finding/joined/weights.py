"""Weights of a network from its bundle, to train on from there."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from bartik.core import ConfigError
from bartik.core.bundle import open_bundle


def take_weights(network: nn.Module, bundle: str) -> None:
    """Weights of ``network`` from the constants of the bundle's graph, which have the same names; batch normalisations are in them.

    A layer that takes more channels than that of the bundle gets zeros for those behind: the network begins as what the bundle is.
    `ConfigError` for a bundle of other sizes.
    """
    graph = open_bundle(Path(bundle)).model().graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {}
    for name, own in network.state_dict().items():
        if name not in constants:
            raise ConfigError(f"{bundle}: no weights {name!r} in its graph", hint="train it with the same model.* settings")
        weights[name] = _widened(torch.from_numpy(constants[name].copy()), own, f"{bundle}: {name}")
    network.load_state_dict(weights)


def _widened(given: Tensor, own: Tensor, what: str) -> Tensor:
    if given.shape == own.shape:
        return given
    found = torch.zeros_like(own)
    if given.dim() != own.dim() or given.dim() < 2 or given.shape[1] > own.shape[1] or found[:, : given.shape[1]].shape != given.shape:
        raise ConfigError(f"{what} is {list(given.shape)}, wanted {list(own.shape)}", hint="train it with the same model.* settings")
    found[:, : given.shape[1]] = given
    return found
