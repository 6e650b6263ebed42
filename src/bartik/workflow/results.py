"""What the steps of a run left, opened for those that come after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bartik.core import Array, Interval, UsageError
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.files import read_arrays
from bartik.workflow.run import Run


def verified(run: Run) -> Bundle:
    """The run's bundle, opened and verified."""
    if not run.bundle.exists():
        raise UsageError(f"{run.bundle}: no bundle here yet", hint=f"bartik export {run.name} --out {run.folder}")
    return open_bundle(run.bundle)


def scores(run: Run) -> dict[str, Array]:
    """Scores on the test split by model: its own first, then its peers."""
    return read_arrays(run.scores)


def own(models: Mapping[str, Any]) -> Any:
    """What a table by model has of the use case's own, which stands before its peers."""
    return next(iter(models.values()))


def plain(metrics: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    """Metrics as plain values for JSON."""
    return {name: asdict(interval) for name, interval in metrics.items()}
