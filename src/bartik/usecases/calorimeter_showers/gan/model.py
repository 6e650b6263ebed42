"""The network and its training, made when they are needed: torch takes seconds to import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bartik.core import Array, Arrays, Config, Dataset, Progress, UseCase
from bartik.usecases.calorimeter_showers.sample import energies_of, geometry_of

if TYPE_CHECKING:
    from bartik.usecases.calorimeter_showers.gan.network import ShowerGan

MODEL = "generator"


def model(config: Config) -> ShowerGan:
    """Untrained networks of the sizes in ``config.model``."""
    from bartik.usecases.calorimeter_showers.gan.network import ShowerGan

    threshold = geometry_of(config).response.threshold
    return ShowerGan(threshold, energies_of(config), config.model.generator, config.model.critic)


def train(_: UseCase, train: Dataset, validation: Dataset, config: Config, checkpoint: Path, progress: Progress) -> ShowerGan:
    """Generator against critic; what is kept is the generator of the lowest two-sample distance on validation showers."""
    from bartik.usecases.calorimeter_showers.gan.training import train_gan

    return train_gan(model(config), train, validation, config, checkpoint, progress)


def training_figures(checkpoint: Path) -> list[tuple[str, str, object]]:
    """How the training went, by what was held out."""
    from bartik import plots
    from bartik.usecases.calorimeter_showers.gan.training import read_curves

    curves: Arrays = read_curves(checkpoint)
    if not curves:
        return []
    shown: dict[str, Array] = {"Fréchet physics distance": curves["distance"]}
    best = int(curves["distance"].argmin()) + 1
    figure = plots.training_history({k: v.tolist() for k, v in shown.items()}, best=best, ylabel="held-out distance")
    return [
        ("Training", "Distance of generated showers from validation showers, which stops the training and chooses what is kept.", figure)
    ]
