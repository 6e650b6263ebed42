"""The density by formula, and the histogram of true vertices."""

from __future__ import annotations

from bartik.core import Config, Dataset, Signature, Split
from bartik.usecases.vertex_finding.columns import HISTOGRAM, KDE, VERTICES
from bartik.usecases.vertex_finding.rows import density_data

signature = Signature((KDE,), (HISTOGRAM, VERTICES))


def data(split: Split, config: Config) -> Dataset:
    """Events of one split."""
    return density_data(split, config)
