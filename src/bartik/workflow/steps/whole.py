"""What the models of a use case of several do together."""

from __future__ import annotations

from typing import Any, cast

from bartik.core.files import write_arrays, write_json
from bartik.workflow.located import located
from bartik.workflow.results import plain
from bartik.workflow.run import Run


def score_whole(run: Run) -> None:
    """Metrics of the models together and of their peers, and arrays for figures."""
    config = located(run)
    metrics, arrays = cast(Any, run.usecase).whole(run.needs, config, run.progress)
    write_arrays(run.whole, arrays)
    write_json(run.metrics, {"models": {name: plain(found) for name, found in metrics.items()}})
    first = next(iter(metrics.values()))
    run.progress(", ".join(f"{key} {value.value:.4f}" for key, value in first.items()))
