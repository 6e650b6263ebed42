"""Graphs of pairs that edge pruning kept, and the generations of their lowest common ancestors."""

from __future__ import annotations

from bartik.core import Config, Dataset, Signature, Split
from bartik.usecases.event_interpretation.columns import GENERATIONS, PAIRS, TRACKS
from bartik.usecases.event_interpretation.event import generations
from bartik.usecases.event_interpretation.graph import LOOSE, candidate_pairs
from bartik.usecases.event_interpretation.rows import dataset
from bartik.usecases.event_interpretation.sources import events_of
from bartik.usecases.event_interpretation.stages import Stage, join_pairs, keep_tracks

signature = Signature((TRACKS, PAIRS), (GENERATIONS,))


def data(split: Split, config: Config) -> Dataset:
    """Graphs of the events of one split."""
    nodes, edges = (Stage.of(config.bundles[name], config.data.backend) for name in ("nodes", "edges"))
    events, source = events_of(split, config)
    graphs, targets = [], []
    for event in events:
        keep = keep_tracks(nodes, event.tracks, candidate_pairs(event.tracks)) >= nodes.threshold
        pairs = join_pairs(edges, event.tracks, candidate_pairs(event.tracks, LOOSE, keep))
        graphs.append({"tracks": event.tracks, "pairs": pairs})
        targets.append(generations(event.clusters, *pairs.T))
    return dataset(signature, events, graphs, targets, source)
