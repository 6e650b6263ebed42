"""Trained generators of LHCb ECAL images beside ours: brought in, checked on every backend, and timed.

    python benchmarks/ecal_generators.py FILE ... [--batches N ...] [--seconds S] [--json FILE]

FILE is a TorchScript file or a file of weights of the generator of the LHCb challenge (arXiv:1812.01319). It is opened in a process of its
own. Printed are the backends that agree, what an image holds for standard Gaussian inputs, and milliseconds an image on one thread at
batches of 1, 100 and 1,000. A batch is timed in 15 rounds at least, and 10,000 images take seconds a call and a gigabyte: ask for them
where there is time (``--batches 10000``).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bartik.backends import prepare
from bartik.checks import check
from bartik.core import BartikError
from bartik.core.files import write_json
from bartik.core.provenance import revision
from bartik.profile.clock import interleave, ratio
from bartik.profile.machine import machine
from bartik.usecases.calorimeter_showers.ecal_network import SIGNATURE, export_ecal_generator

BATCHES, RUNTIMES = (1, 100, 1000), ("native", "onnxruntime")
_BEGUN = time.monotonic()


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = {path.name: measure(path, options.batches, options.seconds) for path in options.files}
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, {"files": found, "machine": machine(), "code": revision(Path(__file__).parent)})
    return 0


def measure(path: Path, batches: list[int], seconds: float) -> dict[str, Any]:
    """Backends that agree, mean and largest energy of a cell, and times."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        _say(path, "opened in a process of its own, and exported")
        bundle = export_ecal_generator(path, Path(folder) / "bundle")
        _say(path, "checked on every backend")
        agree = [parity.backend for parity in check(bundle) if parity.ok]
        _say(path, "compiled")
        sessions = {name: prepare(bundle, name, threads=1) for name in RUNTIMES}
        rng = np.random.default_rng(3)
        rows: dict[str, Any] = {"agree": agree, "times": {}, "ratio": {}}
        for batch in batches:
            _say(path, f"timed at a batch of {batch}")
            inputs = {spec.name: rng.standard_normal((batch, int(spec.shape[1])), np.float32) for spec in SIGNATURE.inputs}
            image = sessions["onnxruntime"].run(inputs)["image"]
            timings = interleave({name: partial(session.run, inputs) for name, session in sessions.items()}, seconds=seconds)
            rows["times"][batch] = {name: 1000 * timing.median / batch for name, timing in timings.items()}
            gain = ratio(timings["onnxruntime"], timings["native"])
            rows["ratio"][batch] = [gain.value, gain.low, gain.high]
            _say(path, f"found at a batch of {batch}: ms {rows['times'][batch]}, ratio {rows['ratio'][batch]}")
        return rows | {"mean": float(image.mean()), "largest": float(image.max()), "empty cells": float((image == 0).mean())}


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = ["| file | backends that agree | batch | native, ms | onnxruntime, ms | ratio |", "|---|---|---|---|---|---|"]
    for name, rows in found.items():
        for batch, times in rows["times"].items():
            gain = "{:.2f} ({:.2f} to {:.2f})".format(*rows["ratio"][batch])
            agree = ", ".join(rows["agree"])
            lines.append(f"| {name} | {agree} | {batch} | {times['native']:.4f} | {times['onnxruntime']:.4f} | {gain} |")
    return "\n".join(lines)


def _say(path: Path, doing: str) -> None:
    """What is now begun, and the seconds that the program has run."""
    print(f"{time.monotonic() - _BEGUN:6.1f} s  {path.name} is {doing}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES), metavar="N")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="of measuring each batch")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
