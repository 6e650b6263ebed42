"""Tracks, and the density by formula."""

from __future__ import annotations

from bartik.core import Config, Dataset, Signature, Split
from bartik.usecases.vertex_finding.columns import BEAM, EVENT, KDE, TRACKS
from bartik.usecases.vertex_finding.rows import densities, tracks_data

signature = Signature((TRACKS, EVENT, BEAM), (KDE,))


def data(split: Split, config: Config) -> Dataset:
    """Events of one split."""
    return tracks_data(split, config, densities)
