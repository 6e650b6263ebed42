"""Rows from the full toy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bartik.core import Config, Dataset, Split
from bartik.usecases.ultrafast_simulation import stages
from bartik.usecases.ultrafast_simulation.columns import DLL, ELECTRON, IDENTITY, generator

signature = generator(IDENTITY, 4, DLL)


def data(split: Split, config: Config) -> Dataset:
    """Particles of one split; the targets in the order in which the flow draws them."""
    rows = stages.rich(split, config, "evenly")
    electron, muon, kaon, proton = rows.target.T
    return replace(rows, target=np.column_stack([kaon, proton, muon, electron - np.float32(ELECTRON) * muon]))
