"""Rows from the full toy."""

from __future__ import annotations

from bartik.core import Column, Config, Dataset, Split
from bartik.usecases.ultrafast_simulation import stages
from bartik.usecases.ultrafast_simulation.columns import PARTICLE, probabilities

signature = probabilities(PARTICLE, (Column("p_acceptance", "", "probability"),))


def data(split: Split, config: Config) -> Dataset:
    """Particles of one split."""
    return stages.acceptance(split, config)
