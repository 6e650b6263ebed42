"""Points of the Dalitz plot of D0 -> K_S pi+ pi-, drawn from the amplitude with the couplings of ``truth``."""

from __future__ import annotations

import numpy as np

from bartik.core import Column, Config, Dataset, Split
from bartik.usecases.charm_fit.common import dataset, events, signature_of

MINUS = Column("m2_minus", "GeV²", "squared mass of K_S and negative pion")
PLUS = Column("m2_plus", "GeV²", "squared mass of K_S and positive pion")
signature = signature_of(MINUS, PLUS)


def data(split: Split, config: Config) -> Dataset:
    """Events of one split of the toy; all are D0, so that the target is 1."""
    from bartik.usecases.charm_fit.dalitz.model import log_truth, plane_of

    size, rng = events(split, config)
    rows = plane_of().points(size, rng)
    return dataset(rows, np.ones(len(rows)), log_truth(config, rows), split, f"toy, {size} events, seed {config.data.seed}")
