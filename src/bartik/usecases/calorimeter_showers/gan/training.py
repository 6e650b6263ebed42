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
from bartik.usecases.calorimeter_showers.gan.network import ShowerGan
from bartik.usecases.calorimeter_showers.sample import geometry_of
from bartik.usecases.calorimeter_showers.size import NOISE

_FADES, _WARMING = 0.999, 10
"""Of the mean of the generator's weights, which is what generates; so many steps it fades faster at first."""
_BETAS = (0.0, 0.9)
_CONSTANT = 0.5
"""Part of the training after which learning rates begin to fall to nothing."""


@dataclass
class _Kept:
    """The best generator so far; by epoch its distance, and how far apart the critic saw showers."""

    weights: Mapping[str, Tensor]
    distances: list[float] = field(default_factory=list)
    apart: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        """Epoch of the lowest distance, from 0."""
        return int(np.argmin(self.distances))


def train_gan(model: ShowerGan, train: Dataset, validation: Dataset, config: Config, checkpoint: Path, progress: Progress) -> ShowerGan:
    """The model with the generator that was best on ``validation``; curves of the training lie beside ``checkpoint``."""
    options = validated(config.train)
    with deterministic(options.seed, options.threads):
        model = _new(config, options.seed)
        if options.start:
            _begin_with(model, Path(options.start))
        model.adapt_to(train.inputs, train.target)
        kept = _Trainer(model, train, validation, config).run(progress)
    model.load_state_dict(kept.weights)
    write_arrays(_curves(checkpoint), {"distance": np.asarray(kept.distances), "apart": np.asarray(kept.apart)})
    save_weights(model, checkpoint)
    return model.eval()


def read_curves(checkpoint: Path) -> Arrays:
    """Held-out distance and the critic's estimate of the Wasserstein distance by epoch, or nothing where they were not kept."""
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

    model.load_state_dict(read_state(start).best)


class _Trainer:
    def __init__(self, model: ShowerGan, train: Dataset, validation: Dataset, config: Config) -> None:
        self.model, self.options = model, config.train
        self.energy, self.showers = torch.from_numpy(train.inputs["energy"]), torch.from_numpy(train.target)
        self.scaled = model.scaled(self.energy)
        with torch.no_grad():
            self.seen = model.seen(self.showers, self.energy, self.scaled, (self.showers > 0).float())
        self.validation, self.binning = validation, geometry_of(config).binning
        self.wanted = self._features(validation.target)
        self.generators = torch.optim.Adam(model.generator.parameters(), lr=self.options.learning_rate, betas=_BETAS)
        self.critics = torch.optim.Adam(model.critic.parameters(), lr=self.options.critic_rate, betas=_BETAS)
        self.mean = copy.deepcopy(model.generator)
        self.steps = 0

    def run(self, progress: Progress) -> _Kept:
        self._fit_regressor()
        kept = _Kept(copy.deepcopy(self.model.state_dict()))
        for epoch in range(self.options.epochs):
            batches = torch.split(torch.randperm(len(self.energy)), self.options.batch)
            apart = [self._both(rows, (epoch + place / len(batches)) / self.options.epochs) for place, rows in enumerate(batches)]
            kept.apart.append(float(np.mean(apart)))
            kept.distances.append(self._distance())
            if kept.best == epoch:
                kept.weights = copy.deepcopy(self._averaged())
            distance = f"distance {kept.distances[-1]:.5f}  best {min(kept.distances):.5f}"
            progress(f"epoch {epoch + 1}/{self.options.epochs}  critic {kept.apart[-1]:.3f}  {distance}")
            if epoch - kept.best >= self.options.patience:
                break
        return kept

    def _fit_regressor(self) -> None:
        """It learns from true showers, and is then fixed."""
        optimiser = torch.optim.Adam(self.model.regressor.parameters(), lr=2e-3)
        for _ in range(self.options.regressor_steps):
            rows = torch.randint(len(self.energy), (self.options.batch,))
            _step(optimiser, nn.functional.mse_loss(self.model.regressed(self.showers[rows]), self.scaled[rows]))
        self.model.regressor.requires_grad_(requires_grad=False)

    def _both(self, rows: Tensor, passed: float) -> float:
        """A step of the critic, and one of the generator where it is its turn; what the critic sees between true and generated showers."""
        for optimiser, rate in ((self.critics, self.options.critic_rate), (self.generators, self.options.learning_rate)):
            optimiser.param_groups[0]["lr"] = rate * min(1.0, (1 - passed) / (1 - _CONSTANT))
        apart = self._criticise(rows)
        self.steps += 1
        if self.steps % self.options.critic_steps == 0:
            self._generate(rows)
        return apart

    def _criticise(self, rows: Tensor) -> float:
        true, scaled = self.seen[rows], self.scaled[rows]
        with torch.no_grad():
            made, _ = self.model.shown(self.energy[rows], torch.randn(len(rows), NOISE))
        between = made + torch.rand(len(rows), 1) * (true - made)
        between.requires_grad_()
        slope: Any = torch.autograd.grad(self.model.judged(between, scaled).sum(), between, create_graph=True)[0]
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        apart = self.model.judged(true, scaled).mean() - self.model.judged(made, scaled).mean()
        _step(self.critics, self.options.penalty * penalty - apart)
        return float(apart.detach())

    def _generate(self, rows: Tensor) -> None:
        energy, scaled = self.energy[rows], self.scaled[rows]
        seen, voxels = self.model.shown(energy, torch.randn(len(rows), NOISE))
        missed = self._missed(voxels, self.showers[rows], scaled)
        _step(self.generators, self.options.auxiliary * missed - self.model.judged(seen, scaled).mean())
        fades = min(_FADES, 1 - _WARMING / (self.steps + _WARMING))
        with torch.no_grad():
            for kept, new in zip(self.mean.parameters(), self.model.generator.parameters(), strict=True):
                kept.lerp_(new, 1 - fades)

    def _missed(self, made: Tensor, true: Tensor, scaled: Tensor) -> Tensor:
        """How differently the energy is found in generated and in true showers: square of the ratio of mean squared errors less one."""
        found, wanted = (((self.model.regressed(voxels) - scaled) ** 2).mean() for voxels in (made, true))
        return (found / wanted - 1) ** 2

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
