"""Rows from the full toy."""

from __future__ import annotations

from bartik.core import Config, Dataset, Split
from bartik.usecases.ultrafast_simulation import stages
from bartik.usecases.ultrafast_simulation.columns import QUALITY, TRACK, generator

signature = generator(TRACK, 9, QUALITY)


def data(split: Split, config: Config) -> Dataset:
    """Particles of one split."""
    return stages.resolution(split, config)
