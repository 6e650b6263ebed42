"""The graph network of a run of velo_tracking compiled for one event's size, against ONNX Runtime: python benchmarks/velo_native.py RUN.

The compiler wants the numbers of hits and doublets fixed: those of the event that the bundle has as its reference. Times are the
processor's, one thread, medians; the ratio's range is that of the rounds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import bartik
from bartik.core import Arrays, Session

ROUNDS, CALLS = 5, 7


def main(arguments: Sequence[str]) -> None:
    """Print sizes, times and the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    bundle = bartik.load(parser.parse_args(arguments).run / "edges" / "bundle")
    inputs, _ = bundle.reference()
    hits, edges = len(inputs["hits"]), len(inputs["edges"])
    started = time.process_time()
    native = bartik.prepare(bundle, "native", axes=f"edges={edges},hits={hits}")
    prepared = time.process_time() - started
    runtime = bartik.prepare(bundle, "onnxruntime", threads=1)
    times = np.array([[_seconds(session, inputs) for session in (native, runtime)] for _ in range(ROUNDS)])
    ratios = times[:, 0] / times[:, 1]
    print(f"{hits} hits, {edges} doublets; prepared in {prepared:.1f} s without the C++ compiler's own time")
    print(f"native {1000 * np.median(times[:, 0]):.1f} ms, onnxruntime {1000 * np.median(times[:, 1]):.1f} ms an event")
    print(f"native takes {np.median(ratios):.2f} times as long ({ratios.min():.2f} to {ratios.max():.2f})")


def _seconds(session: Session, inputs: Arrays) -> float:
    spent = []
    for _ in range(CALLS):
        started = time.process_time()
        session.run(inputs)
        spent.append(time.process_time() - started)
    return float(np.median(spent))


if __name__ == "__main__":
    main(sys.argv[1:])
