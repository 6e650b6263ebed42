"""Incident energies and noise, and the showers that are wanted."""

from __future__ import annotations

from bartik.core import Config, Dataset, Split
from bartik.usecases.calorimeter_showers.columns import signature_of
from bartik.usecases.calorimeter_showers.sample import dataset
from bartik.usecases.calorimeter_showers.size import LATENT, NOISE

signature = signature_of(NOISE + LATENT)


def data(split: Split, config: Config) -> Dataset:
    """Showers of one split."""
    return dataset(split, config, NOISE + LATENT)
