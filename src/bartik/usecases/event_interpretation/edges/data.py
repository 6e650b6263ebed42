"""Graphs of tracks that node pruning kept, and which of their pairs are of one b decay."""

from __future__ import annotations

import numpy as np

from bartik.core import Config, Dataset, Signature, Split
from bartik.usecases.event_interpretation.columns import JOIN, PAIRS, TRACKS
from bartik.usecases.event_interpretation.event import generations
from bartik.usecases.event_interpretation.graph import LOOSE, candidate_pairs
from bartik.usecases.event_interpretation.rows import dataset
from bartik.usecases.event_interpretation.sources import events_of
from bartik.usecases.event_interpretation.stages import Stage, keep_tracks

signature = Signature((TRACKS, PAIRS), (JOIN,))


def data(split: Split, config: Config) -> Dataset:
    """Graphs of the events of one split."""
    nodes = Stage.of(config.bundles["nodes"], config.data.backend)
    events, source = events_of(split, config)
    graphs, targets = [], []
    for event in events:
        keep = keep_tracks(nodes, event.tracks, candidate_pairs(event.tracks)) >= nodes.threshold
        pairs = candidate_pairs(event.tracks, LOOSE, keep)
        graphs.append({"tracks": event.tracks, "pairs": pairs})
        targets.append((generations(event.clusters, *pairs.T) > 0).astype(np.float32))
    return dataset(signature, events, graphs, targets, source)
