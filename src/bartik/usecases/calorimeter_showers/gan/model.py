"""The network and its training, made when they are needed: torch takes seconds to import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bartik.core import Arrays, Config, Dataset, Progress, UseCase
from bartik.usecases.calorimeter_showers.sample import energies_of, geometry_of

if TYPE_CHECKING:
    from bartik.usecases.calorimeter_showers.gan.network import ShowerGan

MODEL = "generator"


def model(config: Config) -> ShowerGan:
    """Untrained networks of the sizes in ``config.model``."""
    from bartik.usecases.calorimeter_showers.gan.network import ShowerGan

    return ShowerGan(geometry_of(config), energies_of(config), config.model.generator, config.model.critic)


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
    best = int(curves["distance"].argmin()) + 1
    held = plots.training_history({"Fréchet physics distance": curves["distance"].tolist()}, best=best, ylabel="held-out distance")
    critic = plots.training_history({"critic": curves["apart"].tolist()}, best=best, ylabel="Wasserstein distance, of the critic")
    return [
        ("Training", "Distance of generated showers from validation showers, which stops the training and chooses what is kept.", held),
        ("Critic", "How far apart the critic sees true and generated training showers, mean of each epoch.", critic),
    ]
