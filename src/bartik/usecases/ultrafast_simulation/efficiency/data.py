"""Rows from the full toy."""

from __future__ import annotations

from bartik.core import Config, Dataset, Split
from bartik.usecases.ultrafast_simulation import stages
from bartik.usecases.ultrafast_simulation.columns import CLASSES, PARTICLE, probabilities

signature = probabilities(PARTICLE, CLASSES)


def data(split: Split, config: Config) -> Dataset:
    """Particles of one split."""
    return stages.efficiency(split, config)
