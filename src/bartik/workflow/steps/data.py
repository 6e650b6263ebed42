"""Rows of every split."""

from __future__ import annotations

from bartik.core import SPLITS, Dataset
from bartik.core.files import write_arrays, write_json
from bartik.workflow.located import located
from bartik.workflow.run import Run


def build_data(run: Run) -> None:
    """Rows of every split, and a record of their digests and sources."""
    datasets: dict[str, Dataset] = {}
    config = located(run)
    for split in SPLITS:
        datasets[split] = run.usecase.data(split, config)
        run.progress(f"{split}: {datasets[split].rows} rows from {datasets[split].source}")
    for split in SPLITS:
        write_arrays(run.split_path(split), datasets[split].to_arrays())
    record = {split: {"digest": d.digest, "rows": d.rows, "source": d.source} for split, d in datasets.items()}
    write_json(run.data_record, record)
