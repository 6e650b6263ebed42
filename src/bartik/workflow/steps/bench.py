"""How fast it is."""

from __future__ import annotations

from bartik.core.files import write_json
from bartik.profile.bench import bench
from bartik.workflow.results import verified
from bartik.workflow.run import Run


def bench_bundle(run: Run) -> None:
    """Latency and throughput of every available backend; ``bench.batches`` and ``bench.candidates`` of an event are optional."""
    options = run.config.bench.to_dict()
    measured = bench(verified(run), batches=options.get("batches"), candidates=options.get("candidates"), seconds=options["seconds"])
    write_json(run.benchmark, measured.to_dict())
