"""Time of a shower of the compiled models beside ONNX Runtime: one thread, in turn, with the spread of the ratio.

    python benchmarks/shower_generation.py RUN [--parts flow gan] [--batches 100] [--seconds S] [--json FILE]

RUN is the folder of `bartik run calorimeter_showers`. Rounds of both runtimes alternate (`bartik.profile.clock`), so that other jobs of the
machine slow both; the interval of the ratio is that of rounds drawn again.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bartik.backends import prepare
from bartik.core import Arrays, BartikError, UsageError
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.files import write_json
from bartik.core.provenance import revision
from bartik.profile.clock import interleave, ratio
from bartik.profile.machine import machine

PARTS, RUNTIMES = ("flow", "flow_matching", "gan", "vae"), ("native", "onnxruntime")


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = {part: measure(options.run / part / "bundle", options.batches, options.seconds) for part in options.parts}
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, {"parts": found, "machine": machine(), "code": revision(Path(__file__).parent)})
    return 0


def measure(path: Path, batches: list[int], seconds: float) -> list[dict[str, Any]]:
    """Milliseconds a shower by batch: medians and fastest rounds of both runtimes, and the ratio of medians with its interval."""
    if not path.is_dir():
        raise UsageError(f"{path}: no bundle here", hint="bartik run calorimeter_showers --out RUN")
    bundle = open_bundle(path)
    with threadpool_limits(1):
        sessions = {name: prepare(bundle, name, threads=1) for name in RUNTIMES}
        return [_row(bundle, sessions, batch, seconds) for batch in batches]


def _row(bundle: Bundle, sessions: dict[str, Any], batch: int, seconds: float) -> dict[str, Any]:
    inputs = _inputs(bundle, batch)
    found = interleave({name: partial(session.run, inputs) for name, session in sessions.items()}, seconds=seconds)
    gain = ratio(found["onnxruntime"], found["native"])
    row: dict[str, Any] = {"batch": batch, "rounds": len(found["native"].rounds), "ratio": [gain.value, gain.low, gain.high]}
    row |= {name: [1000 * timing.median / batch, 1000 * timing.best / batch] for name, timing in found.items()}
    row |= {"ratio of the fastest": found["onnxruntime"].best / found["native"].best}
    print(f"{bundle.name}: {row}", file=sys.stderr, flush=True)
    return row


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """Markdown."""
    lines = [
        "| model | batch | native, ms (fastest) | onnxruntime, ms (fastest) | ratio | of the fastest rounds |",
        "|---|---|---|---|---|---|",
    ]
    for part, rows in found.items():
        for row in rows:
            times = " | ".join("{:.4f} ({:.4f})".format(*row[name]) for name in RUNTIMES)
            gain = "{:.2f} ({:.2f} to {:.2f})".format(*row["ratio"])
            lines.append(f"| {part} | {row['batch']} | {times} | {gain} | {row['ratio of the fastest']:.2f} |")
    return "\n".join(lines)


def _inputs(bundle: Bundle, batch: int) -> Arrays:
    rng = np.random.default_rng(5)
    energy = np.exp(rng.uniform(np.log(1e3), np.log(1e6), (batch, 1))).astype(np.float32)
    return {"energy": energy, "noise": rng.standard_normal((batch, int(bundle.signature.inputs[1].shape[1])), np.float32)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 100, 10_000], metavar="N")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S", help="of measuring each batch")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
