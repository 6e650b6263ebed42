"""Memory and time of the fit of the D0 mass to very many events.

python benchmarks/charm_memory.py [--events 10000000] [--threads 1] [--call]

Events are drawn some at a time into one array, so that the largest memory of the process is that of the fit. With --call the likelihood
and its gradient are computed once, of the same million again and again, where drawing and fitting would take too long.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from bartik.core import load_config
from bartik.core.plugins import usecase_folder
from bartik.usecases.charm_fit import mass
from bartik.usecases.charm_fit.problem import Fitter

_AT_ONCE = 1_000_000


def main() -> None:
    """Print time and memory before and after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--call", action="store_true")
    options = parser.parse_args()
    config = load_config(usecase_folder(mass), settings=[f"data.events={_AT_ONCE}", f"fit.threads={options.threads}"])
    problem = mass.problem(config)
    fitter = Fitter(problem, config.fit)
    few = problem.draw(np.random.default_rng(0), _AT_ONCE)
    start = np.array([one.start for one in problem.start(few)])
    fitter.likelihood(few, start).value_and_gradient(start)  # what is compiled is compiled
    before = _largest()
    rows = np.empty((options.events, 1))
    done = 0
    while done < options.events:
        part = (few if options.call else problem.draw(np.random.default_rng([1, done]), _AT_ONCE))[: options.events - done]
        rows[done : done + len(part)] = part
        done += len(part)
    drawn = _largest()
    print(f"largest memory: {before:.0f} MB with nothing but a compiled fit of 1e6 events done, {drawn:.0f} MB with {options.events} drawn")
    begin, processor = time.perf_counter(), time.process_time()
    if options.call:
        likelihood = fitter.likelihood(rows, start)
        value, _ = likelihood.value_and_gradient(start * np.array([options.events / len(few)] * 2 + [1] * 8))
        what = f"one call, likelihood {value:.6g}"
    else:
        what = f"the fit, {fitter(rows).calls} calls of all events"
    times = f"{time.perf_counter() - begin:.1f} s, {time.process_time() - processor:.1f} s of the processor, {options.threads} threads"
    print(f"{what}: {times}; largest memory {_largest():.0f} MB, {rows.nbytes / 1e6:.0f} MB of them events")


def _largest() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
