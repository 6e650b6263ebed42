"""The model: trees of bins, whose answers are all in a table; the table as ONNX is what is kept and what runs."""

from __future__ import annotations

from pathlib import Path

from bartik.core import Config, Dataset, Progress, UseCase
from bartik.core.files import atomic_path
from bartik.usecases.topological_trigger.columns import COLUMNS, EDGES, signature


def train(_: UseCase, train: Dataset, __: Dataset, config: Config, checkpoint: Path, progress: Progress) -> Path:
    """Trees on the bins of the training candidates, and their table in ``checkpoint``, an ONNX file."""
    from bartik.exporters.canonical import canonical_bytes
    from bartik.usecases.topological_trigger.bonsai import Bins, lookup_table, table_graph
    from bartik.usecases.topological_trigger.trees import answers, boosted

    bins = Bins.of(EDGES, [column.name for column in COLUMNS])
    trees = boosted(bins.digits(train.inputs["features"]), train, config)
    progress(f"{config.trees.number} trees of bins; a table of {bins.size} entries")
    table = lookup_table(bins, lambda digits: answers(trees, digits))
    with atomic_path(checkpoint) as temporary:
        temporary.write_bytes(canonical_bytes(table_graph(bins, table, signature)))
    return checkpoint


def load(_: UseCase, __: Config, checkpoint: Path) -> Path:
    """The file itself: ONNX is a model."""
    return checkpoint
