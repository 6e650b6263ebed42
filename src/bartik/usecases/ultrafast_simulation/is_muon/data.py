"""Rows from the full toy."""

from __future__ import annotations

from bartik.core import Column, Config, Dataset, Split
from bartik.usecases.ultrafast_simulation import stages
from bartik.usecases.ultrafast_simulation.columns import IDENTITY, probabilities

signature = probabilities(IDENTITY, (Column("p_isMuon", "", "probability"),))


def data(split: Split, config: Config) -> Dataset:
    """Particles of one split."""
    return stages.is_muon(split, config)
