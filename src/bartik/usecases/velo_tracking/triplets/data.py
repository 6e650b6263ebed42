"""Triplets of edges that passed the graph network, and which of them one particle made."""

from __future__ import annotations

from bartik.core import Array, Column, Config, Dataset, Split, table
from bartik.data.velo import VeloEvent
from bartik.usecases.velo_tracking.columns import WIDTH, positions_of
from bartik.usecases.velo_tracking.drawn import table_of
from bartik.usecases.velo_tracking.graph import positions
from bartik.usecases.velo_tracking.shares import TAUGHT
from bartik.usecases.velo_tracking.stages import Stage, classify_edges, embed, filter_doublets, join
from bartik.usecases.velo_tracking.truth import label_triplets, true_doublets

_KNOWN = tuple(Column(f"{which}_{number}", "", "of the graph network") for which in ("one", "other") for number in range(WIDTH))
signature = table((*positions_of("first", "middle", "last"), *_KNOWN))


def data(split: Split, config: Config) -> Dataset:
    """Triplets of the events of one split."""
    near, filtered, edges = (Stage.of(config.bundles[name], config.data.backend, TAUGHT) for name in ("embedding", "doublets", "edges"))

    def rows_of(event: VeloEvent) -> tuple[Array, Array]:
        graph, latent = classify_edges(edges, filter_doublets(filtered, embed(near, positions(event))))
        found, true = join(graph, latent), true_doublets(event)
        return found.features, label_triplets(graph.first, graph.second, found.one, found.other, true, len(event))

    return table_of(split, config, rows_of)
