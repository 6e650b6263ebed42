"""Graphs of doublets that passed the filter, and which of them are true."""

from __future__ import annotations

import numpy as np

from bartik.core import Config, Dataset, Signature, Split, TensorSpec
from bartik.core.ragged import put_together
from bartik.usecases.velo_events import SplitEvents
from bartik.usecases.velo_tracking.columns import EDGES, HITS, WIDTH
from bartik.usecases.velo_tracking.graph import positions
from bartik.usecases.velo_tracking.shares import TAUGHT
from bartik.usecases.velo_tracking.stages import Stage, embed, filter_doublets
from bartik.usecases.velo_tracking.truth import label_doublets, true_doublets

signature = Signature((HITS, EDGES), (TensorSpec("score", "float32", ("edges", 1)), TensorSpec("latent", "float32", ("edges", WIDTH))))


def data(split: Split, config: Config) -> Dataset:
    """Graphs of the events of one split."""
    near, filtered = (Stage.of(config.bundles[name], config.data.backend, TAUGHT) for name in ("embedding", "doublets"))
    found = SplitEvents(split, config)
    events = list(found)
    graphs = [filter_doublets(filtered, embed(near, positions(event))) for event in events]
    true = [
        label_doublets(graph.first, graph.second, true_doublets(event), len(event)) for graph, event in zip(graphs, events, strict=True)
    ]
    inputs, offsets = put_together(signature, [{"hits": graph.hits, "edges": graph.edges} for graph in graphs])
    numbers = np.repeat([event.number for event in events], [len(graph.first) for graph in graphs])
    return Dataset(inputs, np.concatenate(true).astype(np.float32), spectators={"event": numbers}, source=str(found), offsets=dict(offsets))
