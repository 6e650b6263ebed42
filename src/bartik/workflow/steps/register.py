"""A version in the registry."""

from __future__ import annotations

from pathlib import Path

from bartik.core import Interval
from bartik.core.files import read_json, write_json
from bartik.registry import RunRecord, register
from bartik.workflow.flat import flat
from bartik.workflow.results import own, verified
from bartik.workflow.run import Run

_LARGEST_KEPT = 500_000_000
"""Bytes of a file that the registry keeps beside a bundle, at most."""


def register_bundle(run: Run) -> None:
    """A version in the registry, as candidate."""
    bundle = verified(run)
    version = register(bundle, record_of(run))
    write_json(run.registered, version.to_dict())
    run.progress(f"{version.name} version {version.number}, alias candidate")


def record_of(run: Run) -> RunRecord:
    """What the registry keeps beside the bundle."""
    metrics = own(read_json(run.metrics)["models"])
    return RunRecord(
        parameters=flat(run.config.to_dict()),
        metrics={name: Interval(**values) for name, values in metrics.items()},
        datasets=read_json(run.data_record),
        tags={"use_case": run.name},
        artifacts=tuple(path for path in (run.metrics, run.parity, run.benchmark, *_kept(run)) if path.exists()),
    )


def _kept(run: Run) -> list[Path]:
    """What a later training is compared with and may begin from: the test rows, and the training's state."""
    files = (run.split_path("test"), run.checkpoint)
    return [path for path in files if path.exists() and path.stat().st_size <= _LARGEST_KEPT]
