"""Showers of a split: of a file of the CaloChallenge where one is given, else from the parametric generator. Splits share no shower."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from bartik.core import SPLITS, Arrays, Config, ConfigError, Dataset, Split
from bartik.core.voxels import merged
from bartik.simulation.shower_geometry import Geometry, geometry
from bartik.simulation.showers import Showers, generate_showers, log_uniform
from bartik.usecases.calorimeter_showers.columns import LAYERS, RINGS, SECTORS

_SHARES = {"train": 1.0, "validation": 0.15, "test": 0.5}
_FIRST = {"train": 0, "validation": 10**9, "test": 2 * 10**9}
_LEAST = 300
_DEFAULT = "tungsten_silicon"


def geometry_of(config: Config) -> Geometry:
    """The calorimeter that is configured, if the models know its shape."""
    found = geometry(config.data.geometry)
    shape = found.layers, len(found.r_edges) - 1, found.sectors
    if shape != (LAYERS, RINGS, SECTORS):
        raise ConfigError(f"data.geometry: wanted {LAYERS} layers of {RINGS} rings and {SECTORS} sectors, {found.name} has {shape}")
    return found


def geometry_named(name: str = _DEFAULT) -> Geometry:
    """A calorimeter by name; where none is given, the one whose voxels the numbers of a score are of."""
    return geometry(name)


def energies_of(config: Config) -> tuple[float, float]:
    """Lowest and highest incident energy in MeV."""
    values = config.data.energies
    if len(values) != 2 or not 0 < values[0] < values[1]:
        raise ConfigError(f"data.energies: wanted the lowest and the highest in MeV, got {values}")
    return float(values[0]), float(values[1])


def showers_of(split: Split, config: Config) -> Showers:
    """``data.showers`` to train, 15% of it to validate, half of it to test."""
    if config.data.showers < 1:
        raise ConfigError(f"data.showers: wanted 1 or more, got {config.data.showers}")
    if config.data.path:
        return _from_file(split, config)
    wanted = max(_LEAST, int(_SHARES[split] * config.data.showers))
    seed = (config.data.seed, SPLITS.index(split))
    energies = log_uniform(np.random.default_rng((*seed, 1)), wanted, *energies_of(config))
    return generate_showers(energies, geometry_of(config), seed, config.data.particle)


def dataset(split: Split, config: Config, noise: int) -> Dataset:
    """What a model of so much ``noise`` takes, with the showers as the target."""
    found = showers_of(split, config)
    numbers = _FIRST[split] + np.arange(len(found))
    inputs: Arrays = {"energy": found.incident[:, None], "noise": noise_of(len(found), noise, (config.data.seed, SPLITS.index(split), 2))}
    return Dataset(inputs, found.voxels, spectators={"event": numbers}, source=_source(config, len(found)))


def noise_of(count: int, width: int, seed: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Independent Gaussian numbers [count, width]."""
    return np.random.default_rng(seed).standard_normal((count, width), np.float32)


def _from_file(split: Split, config: Config) -> Showers:
    """Every third shower of a file tests, every sixth validates; voxels are merged into those of the geometry."""
    from bartik.data.calochallenge import read_binning, read_showers

    path = Path(config.data.path)
    fine = read_binning(Path(config.data.binning)) if config.data.binning else geometry_of(config).binning
    found = read_showers(path, fine)
    place = np.arange(len(found.incident)) % 6
    rows = {"test": place % 3 == 2, "validation": place == 0, "train": (place % 3 != 2) & (place != 0)}[split]
    low, high = energies_of(config)
    rows &= (found.incident >= low) & (found.incident <= high)
    return Showers(found.incident[rows], merged(found.showers[rows], fine, geometry_of(config).binning))


def _source(config: Config, count: int) -> str:
    if config.data.path:
        return f"{config.data.path} ({count} showers)"
    return f"parametric showers ({count} of {config.data.particle}s in {config.data.geometry})"
