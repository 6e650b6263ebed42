"""The model: trees of bins, whose answers are all in a table; the table as ONNX is what is kept and what runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bartik.core import Config, ConfigError, Dataset, Progress, UseCase
from bartik.core.files import atomic_path
from bartik.usecases.topological_trigger.columns import COLUMNS, EDGES, signature

if TYPE_CHECKING:
    from bartik.usecases.topological_trigger.bonsai import Bins


def train(_: UseCase, train: Dataset, __: Dataset, config: Config, checkpoint: Path, progress: Progress) -> Path:
    """A forest on the training candidates, bins where it cuts, and the table of its answers in ``checkpoint``, an ONNX file."""
    from bartik.exporters.canonical import canonical_bytes
    from bartik.usecases.topological_trigger.bonsai import lookup_table, table_graph
    from bartik.usecases.topological_trigger.distilled import distilled, lookalikes
    from bartik.usecases.topological_trigger.trees import boosted

    options, features = config.table, train.inputs["features"]
    forest = boosted(features, train, config)
    bins = bins_of(forest, config)
    progress(f"a forest of {config.trees.number} trees; a table of {bins.size} entries, bins {' x '.join(map(str, bins.counts))}")
    rows = lookalikes(features, options.copies, options.neighbours, config.train.seed)
    trees = distilled(bins.digits(rows), forest.decision_function(rows), config)
    progress(f"{options.number} trees of bins learnt the forest's answers to {len(rows)} candidates")
    table = lookup_table(bins, lambda digits: 1 / (1 + np.exp(-trees.predict(digits))))
    with atomic_path(checkpoint) as temporary:
        temporary.write_bytes(canonical_bytes(table_graph(bins, table, signature)))
    return checkpoint


def bins_of(forest: Any, config: Config) -> Bins:
    """Where bins begin: where the ``forest`` cuts, or as published."""
    from bartik.usecases.topological_trigger.bonsai import Bins
    from bartik.usecases.topological_trigger.distilled import edges_where_cut

    names, edges = [column.name for column in COLUMNS], config.table.edges
    if edges not in {"forest", "published"}:
        raise ConfigError(f"table.edges: {edges!r}", hint="forest or published")
    return Bins.of(EDGES if edges == "published" else edges_where_cut(forest, names, config.table.entries), names)


def load(_: UseCase, __: Config, checkpoint: Path) -> Path:
    """The file itself: ONNX is a model."""
    return checkpoint
