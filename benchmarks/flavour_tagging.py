"""Taggers of a run side by side: tagging power against the optimum, and time for a candidate, deep sets against the recurrent network.

    python benchmarks/flavour_tagging.py RUN [--candidates N] [--seconds S] [--json FILE]

RUN is the folder of `bartik run flavour_tagging`. Its bundles run on the same N test candidates, one thread, in turn in one process: deep
sets and the recurrent network with ONNX Runtime, the recurrent and the single taggers also compiled (native). Only inference is timed; the
inputs are in memory. Tagging power is that of the run.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from bartik.backends import prepare
from bartik.core import BartikError, Config, UsageError, load_config
from bartik.core.bundle import open_bundle
from bartik.core.files import read_json, write_json
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.core.provenance import revision
from bartik.profile.clock import Timing, interleave, ratio
from bartik.profile.machine import machine
from bartik.simulation.tagging import generate_tagging
from bartik.usecases.flavour_tagging.together import INPUTS

RUNTIMES = {"inclusive": ("onnxruntime",), "recurrent": ("onnxruntime", "native"), "taggers": ("onnxruntime", "native")}
SHOWN = ("tagging power", "realised tagging power", "of the optimum", "AUC", "mistag", "oscillation amplitude")


def main(arguments: list[str]) -> int:
    """Run, print the tables, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = measure(options.run, options.candidates, options.seconds)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, found)
    return 0


def measure(run: Path, candidates: int, seconds: float) -> dict[str, Any]:
    """Metrics of the run, microseconds a candidate by part and runtime, and how much faster deep sets are."""
    if not (run / "metrics.json").is_file():
        raise UsageError(f"{run}: no run of flavour_tagging here", hint="bartik run flavour_tagging --out RUN")
    config = _configuration()
    events = generate_tagging(candidates, (config.data.seed, 99), config.data.signal)
    calls = {}
    with threadpool_limits(1):
        for part, runtimes in RUNTIMES.items():
            bundle, inputs = open_bundle(run / part / "bundle"), INPUTS[part](events)
            for runtime in runtimes:
                calls[f"{part}, {runtime}"] = partial(prepare(bundle, runtime, threads=1).run, inputs)
        timings = interleave(calls, seconds=seconds)
    gains = {name: ratio(timings[f"recurrent, {name}"], timings["inclusive, onnxruntime"]) for name in RUNTIMES["recurrent"]}
    return {
        "metrics": read_json(run / "metrics.json")["models"],
        "microseconds": {name: _microseconds(timing, candidates) for name, timing in timings.items()},
        "faster": {name: [gain.value, gain.low, gain.high] for name, gain in gains.items()},
        "candidates": candidates,
        "tracks": len(events.charge) / len(events),
        "machine": machine(),
        "code": revision(Path(__file__).parent),
    }


def table(found: dict[str, Any]) -> str:
    """Two tables in Markdown."""
    lines = [f"| tagger | {' | '.join(SHOWN)} |", "|---" * (len(SHOWN) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(_cell(values.get(key)) for key in SHOWN)} |" for name, values in found["metrics"].items()]
    lines += [
        "",
        f"{found['candidates']} candidates of {found['tracks']:.1f} tracks, one thread.",
        "",
        "| model, runtime | µs a candidate |",
    ]
    lines += ["|---|---|", *(f"| {name} | {value:.2f} |" for name, value in found["microseconds"].items()), ""]
    for name, (value, low, high) in found["faster"].items():
        lines.append(f"Deep sets (onnxruntime) are {value:.1f} times ({low:.1f} to {high:.1f}) as fast as the recurrent network ({name}).")
    return "\n".join(lines)


def _microseconds(timing: Timing, candidates: int) -> float:
    return 1e6 * timing.median / candidates


def _cell(value: dict[str, float] | None) -> str:
    return "" if value is None else f"{value['value']:.4f} ± {(value['high'] - value['low']) / 2:.4f}"


def _configuration() -> Config:
    return load_config(usecase_folder(load_usecase("flavour_tagging")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--candidates", type=int, default=1000, metavar="N", help="in one call")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="of measuring")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
