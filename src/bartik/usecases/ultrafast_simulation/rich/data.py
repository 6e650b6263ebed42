"""Rows from the full toy."""

from __future__ import annotations

from bartik.core import Config, Dataset, Split
from bartik.usecases.ultrafast_simulation import stages
from bartik.usecases.ultrafast_simulation.columns import DLL, IDENTITY, generator

signature = generator(IDENTITY, 4, DLL)


def data(split: Split, config: Config) -> Dataset:
    """Particles of one split."""
    return stages.rich(split, config, "evenly")
