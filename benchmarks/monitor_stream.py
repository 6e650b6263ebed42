"""How many rows a second a monitor reads, scores and counts, and that its memory stays as it is: python benchmarks/monitor_stream.py.

    python benchmarks/monitor_stream.py [--rows 1000000,4000000] [--json FILE]

A model of the ghost network's shape on `native`, rows from a Parquet file made for this, one thread; each size in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from bartik.backends import prepare
from bartik.core import Column, table
from bartik.core.bundle import write_bundle
from bartik.core.files import write_json
from bartik.monitor import Reference, Stream, Thresholds, remember, watch
from bartik.profile.machine import machine
from bartik.testing.models import dense_bundle

WIDTH = 17


def main(arguments: list[str]) -> int:
    """Print a line for each number of rows, and write the JSON where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", default="1000000,4000000")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(_one(options.one)))
        return 0
    found = []
    for rows in map(int, options.rows.split(",")):
        done = subprocess.run([sys.executable, __file__, "--one", str(rows)], capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"{rows:>11} rows  {rows / found[-1]['seconds'] / 1e6:6.2f} million rows/s  {found[-1]['megabytes']:.0f} MB", flush=True)
    if options.json:
        write_json(options.json, {"machine": machine(), "runs": found})
    return 0


def _one(rows: int) -> dict[str, float]:
    random = np.random.default_rng(0)
    names = [f"x{place}" for place in range(WIDTH)]
    with tempfile.TemporaryDirectory() as folder:
        plain = dense_bundle(Path(folder) / "plain", (WIDTH, 25, 20, 1))
        signature = table(tuple(Column(name) for name in names))
        session = prepare(plain, "native")
        inputs = {"features": random.normal(size=(20_000, WIDTH)).astype(np.float32)}
        memory = remember(signature, inputs, session.run(inputs), {"tight": 0.5})
        bundle = write_bundle(
            Path(folder) / "b", plain.model_path.read_bytes(), signature, plain.reference(), name="made", working_points={"tight": 0.5}
        )
        path = Path(folder) / "rows.parquet"
        with pyarrow.parquet.ParquetWriter(path, pa.schema([(name, pa.float32()) for name in names])) as writer:
            for _ in range(-(-rows // 100_000)):
                writer.write_table(pa.table({name: random.normal(size=100_000).astype(np.float32) for name in names}))
        reference = Reference.from_dict(memory.to_dict())
        started = time.perf_counter()
        watch(bundle, reference, session, Stream([path]), Thresholds())
        seconds = time.perf_counter() - started
    return {"rows": rows, "seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
