"""What bounds each kind of model, whether we can predict it, and where a GPU would begin to pay: python benchmarks/profile_models.py.

    python benchmarks/profile_models.py [--device a5000] [--seconds 2] [--json FILE]

The models are those of speed_table.py. ``predicted`` adds up the rates that our compiler's kernels reach on made models of other shapes
(`bartik.profile.limits`); ``error`` is predicted over measured. The device's time is at the roofline of what its makers say: no GPU was
measured. ``crossover`` is the batch from which a GPU that takes LAUNCH for a call would be faster than one thread here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import speed_table

from bartik.core.files import write_json
from bartik.profile.advice import predict
from bartik.profile.devices import HERE, device, roofline_seconds
from bartik.profile.machine import machine
from bartik.profile.profiler import Profile, profile

LAUNCH = 5e-6
"""Seconds from a call to a kernel that runs and an answer that is back: what is usual, not measured by us."""
BATCHES = (1, 256)
HEAD = "| model | batch | measured | predicted | error | bound by | at the limit | {device} | crossover |\n" + 9 * "|---" + "|"


def main(arguments: list[str]) -> int:
    """Print the table, and write the profiles where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="a5000")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    found = []
    print(HEAD.format(device=device(options.device).name))
    for name, work in speed_table.WORKS.items():
        made = work()
        for batch in BATCHES if 256 in made.batches else BATCHES[:1]:
            with tempfile.TemporaryDirectory() as folder:
                one = profile(speed_table._bundle(made, Path(folder)), batch=batch, seconds=options.seconds)  # noqa: SLF001 - its models
            found.append({"model": name, **one.to_dict()})
            print(_line(name, one, options.device), flush=True)
    if options.json:
        write_json(options.json, {"machine": machine(), "profiles": found})
    return 0


def _line(name: str, one: Profile, on: str) -> str:
    measured, predicted = one.whole.seconds / one.batch, predict(one, HERE).likely
    there = roofline_seconds(one.whole.work, one.batch, device(on))
    crossover = f"{max(1.0, LAUNCH / (measured - there)):.0f}" if measured > there else "never"
    bound, share = one.whole.verdict.bound, max(one.whole.verdict.shares.values())
    times = f"{_time(measured)} | {_time(predicted)} | {predicted / measured:.2f}"
    return f"| {name} | {one.batch} | {times} | {bound} | {share:.0%} | {_time(there)} | {crossover} |"


def _time(seconds: float) -> str:
    return f"{seconds * 1e9:.3g} ns" if seconds < 1e-6 else f"{seconds * 1e6:.3g} us"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
