"""The adversarial training of calorimeter_showers: it learns, stops by held-out showers and keeps what was best on them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from bartik.core import Config, Dataset, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.metrics import frechet_distance
from bartik.metrics.shower_observables import high_level, observables
from bartik.simulation.shower_geometry import geometry
from bartik.simulation.showers import generate_showers, log_uniform
from bartik.usecases.calorimeter_showers.gan.model import model
from bartik.usecases.calorimeter_showers.gan.network import ShowerGan
from bartik.usecases.calorimeter_showers.gan.training import read_curves, train_gan
from bartik.usecases.calorimeter_showers.size import NOISE

WHERE = geometry("tungsten_silicon")


def settings(**train: Any) -> Config:
    return load_config(usecase_folder(load_usecase("calorimeter_showers.gan")), layer="tiny").replace({"train": train})


def showers(count: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    made = generate_showers(log_uniform(rng, count, 1e3, 1e6), WHERE, (seed,))
    inputs = {"energy": made.incident[:, None], "noise": rng.standard_normal((count, NOISE), np.float32)}
    return Dataset(inputs, made.voxels, source="parametric showers")


TRAIN, HELD_OUT = showers(1000, 31), showers(400, 32)


def distance(network: ShowerGan) -> float:
    """Of generated showers from those held out, in units of the largest of each observable, as the training measures it."""
    energy = HELD_OUT.inputs["energy"][:, 0]
    with torch.no_grad():
        made = network(*(torch.from_numpy(HELD_OUT.inputs[name]) for name in ("energy", "noise"))).numpy()
    features = [high_level(observables(voxels, energy, WHERE.binning), energy) for voxels in (HELD_OUT.target, made)]
    scale = np.maximum(np.abs(features[0]).max(0), 1e-9)
    return frechet_distance(features[0] / scale, features[1] / scale)


def untrained(config: Config) -> ShowerGan:
    torch.manual_seed(config.train.seed)
    found = model(config)
    found.adapt_to(TRAIN.inputs, TRAIN.target)
    return found


def test_showers_held_out_are_nearer_after_a_few_steps_of_both_networks(tmp_path: Path) -> None:
    small = {"model": {"generator": [32], "critic": [32]}}
    config = settings(epochs=4, patience=4, batch=25, learning_rate=0.004, critic_rate=0.004).replace(small)
    trained = train_gan(model(config), TRAIN, HELD_OUT, config, tmp_path / "checkpoint.pt", lambda _: None)
    before, after = distance(untrained(config)), distance(trained)
    assert after < 0.8 * before


def test_a_training_that_goes_astray_is_stopped_and_the_best_epoch_kept(tmp_path: Path) -> None:
    config = settings(epochs=12, patience=1, batch=100, learning_rate=0.3, critic_rate=0.003)
    said: list[str] = []
    kept = train_gan(model(config), TRAIN, HELD_OUT, config, tmp_path / "checkpoint.pt", said.append)
    distances = read_curves(tmp_path / "checkpoint.pt")["distance"]
    best = int(distances.argmin())
    assert len(distances) == len(said) == best + 2 < 12  # one epoch without a new best
    assert distances[-1] > distances[best]
    assert np.isclose(distance(kept), distances[best], rtol=1e-4)
