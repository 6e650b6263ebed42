"""How fast a fit of the D0 mass is, against iminuit with numba-stats or a loop of one's own and zfit; whether all find the same.

python benchmarks/charm_fit.py [--events 1000000] [--threads 2] [--rounds 3] [--zfit /path/to/python/with/zfit] [--json FILE]
    [--always "NAME;NAME"] [--without "NAME;NAME"]

In each round all programs fit the same events, one after the other (with --always some in the first alone). Peers run MIGRAD with
MINUIT's strategy 0 and HESSE, whose time is taken, and of ours the whole call; they stop at MINUIT's usual EDM of 1e-4 (of the
likelihood), ours at 1e-8. With one thread the ratio is that of the processor's time, which others' work on the machine changes less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from charm_peers import PEERS, Found, Program, zfit_program

from bartik.core import Config, load_config
from bartik.core.plugins import usecase_folder
from bartik.usecases.charm_fit import mass
from bartik.usecases.charm_fit.problem import Fitter


def main() -> None:
    """Run all that are there, one after the other, on the same events, and print a table."""
    options = _options()
    settings = [f"data.events={options.events}", f"fit.threads={options.threads}"]
    config = load_config(usecase_folder(mass), settings=settings)
    problem = mass.problem(config)
    rows = problem.draw(np.random.default_rng(1), int(config.data.events))
    programs = _programs(problem, config, rows, options)
    always = {"bartik, compiled", *options.always.split(";")}
    found: dict[str, list[Found]] = {name: [] for name in programs}
    for turn in range(options.rounds):
        for name, (each, fit) in programs.items():
            if turn and name not in always:
                continue
            one = {"each": _repeated(each)} | fit()
            found[name].append(one)
            times = f"{1e3 * one['each']:.2f} ms an evaluation, {one['fit']:.3f} s the fit ({one['processor']:.3f} s of the processor)"
            print(
                f"round {turn + 1}, {name}: {times}, {one['calls']} evaluations{'' if one.get('valid', True) else ', NOT VALID'}",
                file=sys.stderr,
                flush=True,
            )
    _print(found, len(rows), options.threads)
    if options.json:
        machine = {"cpu": platform.processor(), "cores": os.cpu_count(), "load": os.getloadavg()}
        Path(options.json).write_text(json.dumps({"machine": machine, "events": len(rows), "found": found}, indent=1), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--zfit", default="")
    parser.add_argument(
        "--always",
        default=";".join([*PEERS, "bartik, torch", "zfit"]),
        help="programs of all rounds, with ; between; the others: of the first",
    )
    parser.add_argument("--without", default="", help="programs that are left out")
    parser.add_argument("--json", default="")
    return parser.parse_args()


def _programs(problem: Any, config: Config, rows: Any, options: argparse.Namespace) -> dict[str, Program]:
    """All that there are, ready to run: what is compiled is compiled, and run once."""
    start = {one.name: one[1:] for one in problem.start(rows)}
    torch = config.replace({"fit": {"engine": "torch"}})
    makers: dict[str, Callable[[], Program]] = {
        "bartik, compiled": lambda: _ours(problem, config, rows),
        "bartik, torch": lambda: _ours(problem, torch, rows),
    }
    makers |= {name: lambda make=make: make(problem, config, rows, start) for name, make in PEERS.items()}
    if options.zfit:
        makers["zfit"] = lambda: zfit_program(options.zfit, rows, start, config)
    programs = {}
    for name in (one for one in makers if one not in options.without.split(";")):
        make = makers[name]
        begin = time.perf_counter()
        programs[name] = make()
        programs[name][0]()
        print(f"{name}: {time.perf_counter() - begin:.1f} s to prepare", file=sys.stderr, flush=True)
    return programs


def _ours(problem: Any, config: Config, rows: Any) -> Program:
    fitter = Fitter(problem, config.fit)
    start = np.array([one.start for one in problem.start(rows)])
    likelihood = fitter.likelihood(rows, start)

    def fit() -> Found:
        begin = time.perf_counter(), time.process_time()
        done = fitter(rows)
        seconds, processor = time.perf_counter() - begin[0], time.process_time() - begin[1]
        values, errors = (dict(zip(done.names, some.tolist(), strict=True)) for some in (done.values, done.errors))
        return {"fit": seconds, "processor": processor, "calls": done.calls, "values": values, "errors": errors, "gradient": "exact"}

    return lambda: likelihood.value_and_gradient(start), fit


def _repeated(function: Callable[[], object], times: int = 5) -> float:
    """Seconds of the processor."""
    found = []
    for _ in range(times):
        begin = time.process_time()
        function()
        found.append(time.process_time() - begin)
    return float(np.median(found))


def _print(found: dict[str, list[Found]], events: int, threads: int) -> None:
    ours, key = found["bartik, compiled"], "processor" if threads == 1 else "fit"
    print(f"{events} events, {threads} threads, load {os.getloadavg()[0]:.1f}; medians of {len(ours)} rounds, [least, most]")
    print(
        "| program | gradient | an evaluation, ms of processor | evaluations | fit, s of processor | fit, s | times ours | errors apart |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, rounds in found.items():
        last, reference = rounds[-1], ours[-1]
        away = max(abs(last["values"][one] - value) / reference["errors"][one] for one, value in reference["values"].items())
        ratios = [one[key] / our[key] for one, our in zip(rounds, ours, strict=False)]
        valid = "" if all(one.get("valid", True) for one in rounds) else " (not valid)"
        columns = [_spread([scale * one[what] for one in rounds]) for what, scale in (("each", 1e3), ("processor", 1), ("fit", 1))]
        cells = [name, last["gradient"], columns[0], f"{last['calls']}{valid}", *columns[1:], _spread(ratios), f"{away:.1e}"]
        print(f"| {' | '.join(cells)} |")


def _spread(values: list[float]) -> str:
    low, middle, high = min(values), float(np.median(values)), max(values)
    return f"{middle:.3g}" + ("" if len(values) == 1 else f" [{low:.3g}, {high:.3g}]")


if __name__ == "__main__":
    main()
