"""Adversarial training, stopped by a distance on showers that neither network has seen."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Arrays, Config, Dataset, Progress
from bartik.core.files import read_arrays, write_arrays
from bartik.metrics import frechet_distance
from bartik.metrics.shower_observables import high_level, observables
from bartik.train import save_weights
from bartik.train.loop import deterministic, validated
from bartik.usecases.calorimeter_showers.columns import VOXELS
from bartik.usecases.calorimeter_showers.gan.network import ShowerGan
from bartik.usecases.calorimeter_showers.sample import geometry_of
from bartik.usecases.calorimeter_showers.splits import scaled_energy

_FADES = 0.999
"""Of the mean of the generator's weights, which is what generates."""


@dataclass
class _Kept:
    """The best generator so far, and the distances [epochs]."""

    weights: Mapping[str, Tensor]
    distances: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        """Epoch of the lowest distance, from 0."""
        return int(np.argmin(self.distances))


def train_gan(model: ShowerGan, train: Dataset, validation: Dataset, config: Config, checkpoint: Path, progress: Progress) -> ShowerGan:
    """The model with the generator that was best on ``validation``; curves of the training lie beside ``checkpoint``."""
    options = validated(config.train)
    with deterministic(options.seed, options.threads):
        model = _new(config, options.seed)
        model.adapt_to(train.inputs, train.target)
        if options.start:
            _begin_with(model, Path(options.start))
        kept = _Trainer(model, train, validation, config).run(progress)
    model.load_state_dict(kept.weights)
    write_arrays(_curves(checkpoint), {"distance": np.asarray(kept.distances)})
    save_weights(model, checkpoint)
    return model.eval()


def read_curves(checkpoint: Path) -> Arrays:
    """Distances by epoch, or nothing where they were not kept."""
    path = _curves(checkpoint)
    return read_arrays(path) if path.is_file() else {}


def _curves(checkpoint: Path) -> Path:
    return checkpoint.with_suffix(".curves.npz")


def _new(config: Config, seed: int) -> ShowerGan:
    from bartik.usecases.calorimeter_showers.gan.model import model

    torch.manual_seed(seed)
    return model(config)


def _begin_with(model: ShowerGan, start: Path) -> None:
    from bartik.train.state import read_state

    splits = copy.deepcopy(model.splits.state_dict())
    model.load_state_dict(read_state(start).best)
    model.splits.load_state_dict(splits)


class _Trainer:
    def __init__(self, model: ShowerGan, train: Dataset, validation: Dataset, config: Config) -> None:
        self.model, self.options, self.config = model, config.train, config
        self.energy, self.showers = torch.from_numpy(train.inputs["energy"]), torch.from_numpy(train.target)
        self.scaled = scaled_energy(self.energy, *model.energies)
        self.validation, self.binning = validation, geometry_of(config).binning
        self.wanted = self._features(validation.target)
        rate, betas = self.options.learning_rate, (0.5, 0.9)
        self.generators = torch.optim.Adam(model.generator.parameters(), lr=rate, betas=betas)
        self.critics = torch.optim.Adam(model.critic.parameters(), lr=rate, betas=betas)
        self.mean = copy.deepcopy(model.generator)

    def run(self, progress: Progress) -> _Kept:
        self._fit_regressor()
        kept, steps = _Kept(copy.deepcopy(self.model.state_dict())), 0
        for epoch in range(self.options.epochs):
            order = torch.randperm(len(self.energy))
            for rows in torch.split(order, self.options.batch):
                self._criticise(rows)
                steps += 1
                if steps % self.options.critic_steps == 0:
                    self._generate(rows)
            kept.distances.append(self._distance())
            if kept.best == epoch:
                kept.weights = copy.deepcopy(self._averaged())
            progress(f"epoch {epoch + 1}/{self.options.epochs}  distance {kept.distances[-1]:.5f}  best {min(kept.distances):.5f}")
            if epoch - kept.best >= self.options.patience:
                break
        return kept

    def _fit_regressor(self) -> None:
        """It learns from true showers, and is then fixed."""
        optimiser = torch.optim.Adam(self.model.regressor.parameters(), lr=2e-3)
        for _ in range(self.options.regressor_steps):
            rows = torch.randint(len(self.energy), (self.options.batch,))
            found = self.model.regressed(self._true(rows), self.energy[rows])
            _step(optimiser, nn.functional.mse_loss(found, self.scaled[rows]))
        self.model.regressor.requires_grad_(requires_grad=False)

    def _criticise(self, rows: Tensor) -> None:
        true, scaled = self._true(rows), self.scaled[rows]
        with torch.no_grad():
            made = self.model.made(scaled, torch.randn(len(rows), VOXELS))
        between = made + torch.rand(len(rows), 1) * (true - made)
        between.requires_grad_()
        slope: Any = torch.autograd.grad(self.model.judged(between, scaled).sum(), between, create_graph=True)[0]
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        loss = self.model.judged(made, scaled).mean() - self.model.judged(true, scaled).mean()
        _step(self.critics, loss + self.options.penalty * penalty)

    def _generate(self, rows: Tensor) -> None:
        scaled, energy = self.scaled[rows], self.energy[rows]
        made = self.model.made(scaled, torch.randn(len(rows), VOXELS))
        missed = nn.functional.mse_loss(self.model.regressed(made, energy), scaled)
        _step(self.generators, self.options.auxiliary * missed - self.model.judged(made, scaled).mean())
        with torch.no_grad():
            for kept, new in zip(self.mean.parameters(), self.model.generator.parameters(), strict=True):
                kept.lerp_(new, 1 - _FADES)

    def _true(self, rows: Tensor) -> Tensor:
        with torch.no_grad():
            return self.model.splits.together(self.energy[rows], self.showers[rows]).reshape(-1, VOXELS)

    def _averaged(self) -> dict[str, Tensor]:
        own = dict(self.model.state_dict())
        return own | {f"generator.{name}": value for name, value in self.mean.state_dict().items()}

    def _distance(self) -> float:
        """Of observables of the averaged generator's showers from those of the validation showers."""
        inputs = self.validation.inputs
        generator, self.model.generator = self.model.generator, self.mean
        with torch.no_grad():
            made = self.model(torch.from_numpy(inputs["energy"]), torch.from_numpy(inputs["noise"])).numpy()
        self.model.generator = generator
        return frechet_distance(self.wanted, self._features(made))

    def _features(self, showers: Any) -> Any:
        energy = self.validation.inputs["energy"][:, 0]
        found = high_level(observables(showers, energy, self.binning), energy)
        wanted = getattr(self, "scale", None)
        if wanted is None:
            self.scale = np.maximum(np.abs(found).max(0), 1e-9)
        return found / self.scale


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
