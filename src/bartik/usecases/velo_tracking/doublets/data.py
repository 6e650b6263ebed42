"""Neighbours in the learned space, and whether one particle made both hits, one after the other."""

from __future__ import annotations

from bartik.core import Array, Config, Dataset, Split, table
from bartik.data.velo import VeloEvent
from bartik.usecases.velo_tracking.columns import positions_of
from bartik.usecases.velo_tracking.drawn import table_of
from bartik.usecases.velo_tracking.graph import positions
from bartik.usecases.velo_tracking.stages import Stage, embed
from bartik.usecases.velo_tracking.truth import label_doublets, true_doublets

signature = table(positions_of("first", "second"))


def data(split: Split, config: Config) -> Dataset:
    """Doublets of the events of one split."""
    stage = Stage.of(config.bundles["embedding"], config.data.backend)

    def rows_of(event: VeloEvent) -> tuple[Array, Array]:
        graph = embed(stage, positions(event))
        return graph.doublets, label_doublets(graph.first, graph.second, true_doublets(event), len(event))

    return table_of(split, config, rows_of)
