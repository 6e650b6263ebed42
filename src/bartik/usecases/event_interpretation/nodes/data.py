"""Graphs of all tracks, and which of them are of a b decay."""

from __future__ import annotations

import numpy as np

from bartik.core import Config, Dataset, Signature, Split
from bartik.usecases.event_interpretation.columns import KEEP, PAIRS, TRACKS
from bartik.usecases.event_interpretation.graph import candidate_pairs
from bartik.usecases.event_interpretation.rows import dataset
from bartik.usecases.event_interpretation.sources import events_of

signature = Signature((TRACKS, PAIRS), (KEEP,))


def data(split: Split, config: Config) -> Dataset:
    """Graphs of the events of one split."""
    events, source = events_of(split, config)
    graphs = [{"tracks": event.tracks, "pairs": candidate_pairs(event.tracks)} for event in events]
    return dataset(signature, events, graphs, [event.signal.astype(np.float32) for event in events], source)
