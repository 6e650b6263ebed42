"""The adversarial training: early stopping by a two-sample metric on held-out rows, curves kept with the weights."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bartik.core import Array, Config, Dataset, Model, Progress, UseCase
from bartik.metrics import ks_distance

if TYPE_CHECKING:
    from torch import Tensor

_BINS = (3.0, 6.0, 10.0, 18.0, 35.0, 200.0)
"""Edges in GeV: within these bins distributions are compared, species by species."""
_LEAST = 30
_SPECIES = slice(4, 9)


def train(usecase: UseCase, train: Dataset, validation: Dataset, config: Config, checkpoint: Path, progress: Progress) -> Model:
    """The generator of the epoch that was nearest to the validation rows."""
    from bartik.train import save_weights
    from bartik.train.loop import deterministic

    with deterministic(config.train.seed, config.train.threads):
        network = usecase.model(config)
        network.adapt(train.inputs)
        best = _fight(network, train, validation, config, progress)
        network.load_state_dict(best)
    save_weights(network, checkpoint)
    return network.eval()


def training_figures(checkpoint: Path) -> list[tuple[str, str, object]]:
    """Both losses and the distance from held-out rows, by epoch."""
    from bartik import plots
    from bartik.train.state import read_state

    history = read_state(checkpoint).best["history"].numpy()
    seen = history[history[:, 2] > 0]
    curves = {"generator": seen[:, 0].tolist(), "discriminator": seen[:, 1].tolist()}
    best = int(seen[:, 2].argmin()) + 1
    distance = plots.training_history({"validation": seen[:, 2].tolist()}, best=best, ylabel="mean distance in bins")
    return [
        ("Losses", "Cross entropies of both networks: neither says how good the generator is.", plots.training_history(curves, best=best)),
        ("Distance from held-out rows", "Mean KS distance in bins of momentum, species and likelihood; the least is kept.", distance),
    ]


def binned_distance(features: Array, drawn: Array, true: Array) -> float:
    """Mean Kolmogorov-Smirnov distance over columns, species and bins of momentum with enough rows."""
    which = np.digitize(features[:, 0], _BINS) * 5 + features[:, _SPECIES].argmax(axis=1)
    found = [
        ks_distance(drawn[rows, column], true[rows, column]).value
        for place in np.unique(which)
        if (rows := np.flatnonzero(which == place)).size >= _LEAST
        for column in range(true.shape[1])
    ]
    return float(np.mean(found)) if found else 1.0


def _fight(network: Any, train: Dataset, validation: Dataset, config: Config, progress: Progress) -> dict[str, Tensor]:
    """Train, and return the state of the best epoch with the history of all."""
    import torch

    from bartik.nn.adversarial import Duel, leaky, train_adversarial
    from bartik.usecases.ultrafast_simulation.networks import lit

    features = torch.from_numpy(train.inputs["features"])
    lights = lit(features)
    network.tables.adapt([column[rows > 0] for column, rows in zip(train.target.T, lights.numpy().T, strict=True)])
    with torch.no_grad():
        conditions = torch.cat([network.seen(features), lights], 1)
        true = network.tables.inverse(torch.from_numpy(train.target)) * lights
    best: dict[str, Any] = {"distance": np.inf}

    def generator(given: Tensor) -> Tensor:
        noise = torch.randn(len(given), network.dense[0].in_features - given.shape[1] + 4)
        return torch.as_tensor(network.numbers(given[:, :-4], noise) * given[:, -4:])

    def watch(epoch: int, fooled: float, against: float) -> None:
        with torch.no_grad():
            drawn = network(*(torch.from_numpy(array) for array in validation.inputs.values())).numpy()
        distance = binned_distance(validation.inputs["features"], drawn, validation.spectators["truth"])
        network.history[epoch] = torch.tensor([fooled, against, distance])
        if distance < best["distance"]:
            best.update(distance=distance, state=copy.deepcopy(network.state_dict()))
        progress(f"epoch {epoch + 1}/{config.train.epochs}  losses {fooled:.3f} {against:.3f}  distance {distance:.4f}")

    options = config.train
    duel = Duel(
        options.epochs, options.batch, options.learning_rate, options.discriminator_rate, options.label_smoothing, options.injected_noise
    )
    judge = leaky([conditions.shape[1] + 4, *config.model.discriminator, 1])
    train_adversarial(generator, list(network.dense.parameters()), judge, (conditions, true), duel, watch)
    state: dict[str, Tensor] = best["state"]
    return state | {"history": network.history.clone()}
