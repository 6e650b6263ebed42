"""How fast it is."""

from __future__ import annotations

from bartik.core.files import write_json
from bartik.profile.bench import bench
from bartik.workflow.results import verified
from bartik.workflow.run import Run


def bench_bundle(run: Run) -> None:
    """Latency and throughput of every available backend."""
    measured = bench(verified(run), seconds=run.config.bench.seconds)
    write_json(run.benchmark, measured.to_dict())
