"""Tracks, and the histogram of true vertices."""

from __future__ import annotations

from bartik.core import Config, Dataset, Signature, Split
from bartik.usecases.vertex_finding.columns import BEAM, EVENT, HISTOGRAM, TRACKS, VERTICES
from bartik.usecases.vertex_finding.rows import histograms, tracks_data

signature = Signature((TRACKS, EVENT, BEAM), (HISTOGRAM, VERTICES))


def data(split: Split, config: Config) -> Dataset:
    """Events of one split."""
    return tracks_data(split, config, histograms)
