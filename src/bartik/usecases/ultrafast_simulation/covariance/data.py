"""Rows from the full toy."""

from __future__ import annotations

from bartik.core import Config, Dataset, Split
from bartik.usecases.ultrafast_simulation import stages
from bartik.usecases.ultrafast_simulation.columns import COVARIANCE, FITTED, generator

signature = generator(FITTED, 15, COVARIANCE)


def data(split: Split, config: Config) -> Dataset:
    """Particles of one split."""
    return stages.covariance(split, config)
