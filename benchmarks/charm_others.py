"""How long each of the charm fits takes, and that of the asymmetries under iminuit with a loop of numba.

python benchmarks/charm_others.py [--events 1000000] [--fits asymmetry,dalitz,mixing] [--peer 200000]

The peer fits so many events of the asymmetries (0: none): MIGRAD with strategy 0 and HESSE on a loop over the events of each category,
compiled by numba; MINUIT finds the gradient by differences. Integrals and yields are ours. One thread each.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from charm_peers import fitted, numba_package

from bartik.core import load_config
from bartik.core.plugins import load_part, load_usecase, usecase_folder
from bartik.usecases.charm_fit.problem import Fitter


def main() -> None:
    """Print a line for each fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--fits", default="asymmetry,dalitz,mixing")
    parser.add_argument("--peer", type=int, default=200_000)
    options = parser.parse_args()
    for part in options.fits.split(","):
        _ours(part, options.events)
    if options.peer:
        values, errors = _ours("asymmetry", options.peer)
        _peer(options.peer, values, errors)


def _problem(part: str, events: int) -> tuple[Any, Any, Any]:
    usecase = load_part(load_usecase("charm_fit"), part)
    config = load_config(usecase_folder(usecase), settings=[f"data.events={events}", "fit.threads=1"])
    problem: Any = usecase.problem(config)  # type: ignore[attr-defined]
    return config, problem, problem.draw(np.random.default_rng(1), events)


def _ours(part: str, events: int) -> tuple[Any, Any]:
    config, problem, rows = _problem(part, events)
    fitter = Fitter(problem, config.fit)
    fitter.likelihood(rows[:1000], np.array([one.start for one in problem.start(rows)]))  # what is compiled is compiled
    begin = time.perf_counter(), time.process_time()
    fit = fitter(rows)
    seconds, processor = time.perf_counter() - begin[0], time.process_time() - begin[1]
    worst = float(np.abs(fit.pulls(problem.truth)).max())
    times = f"{seconds:.1f} s, {processor:.1f} s of the processor, {fit.calls} evaluations with gradient of all events"
    print(f"{part}, {config.fit.engine}: {len(rows)} events, {len(fit.names)} parameters: {times}; largest pull {worst:.1f}", flush=True)
    return fit.values, fit.errors


def _peer(events: int, values: Any, errors: Any) -> None:
    config, problem, rows = _problem("asymmetry", events)
    import torch  # noqa: PLC0415

    loop = _loop(numba_package(config))
    columns = [np.ascontiguousarray(some[:, 0]) for some in problem.categories(rows)]

    def function(parameters: Any) -> float:
        with torch.no_grad():
            given = torch.tensor(np.asarray(parameters), dtype=torch.float64)
            coefficients, expected = problem.density.coefficients(given).numpy(), float(problem.density.expected(given))
        return expected - sum(loop(x, c) for x, c in zip(columns, coefficients, strict=True))

    start = {one.name: one[1:] for one in problem.start(rows)}
    function([one[0] for one in start.values()])
    found = fitted(function, start, closer=False)
    away = np.abs((np.array(list(found["values"].values())) - values) / errors).max()
    times = f"{found['fit']:.1f} s, {found['processor']:.1f} s of the processor, {found['calls']} evaluations"
    print(f"asymmetry, iminuit + a loop by hand: {len(rows)} events: {times}; valid {found['valid']}, {away:.1e} errors apart", flush=True)


def _loop(numba: Any) -> Any:
    """The sum of the logarithms of masses [events] in a category with coefficients [10]."""

    @numba.njit(parallel=True, fastmath=True, error_model="numpy")
    def value(x, c):  # noqa: ANN001, ANN202
        total = 0.0
        for i in numba.prange(len(x)):
            u = (x[i] - c[0]) * c[1]
            z = c[2] + c[3] * np.arcsinh(u)
            narrow = c[7] * np.exp(-0.5 * z * z) / np.sqrt(1 + u * u)
            v = (x[i] - c[0]) * c[4]
            q = max(x[i] - 139.57039, 0.0) + 1e-9
            flat = c[9] * np.exp(c[5] * np.log(q) - c[6] * q)
            total += np.log(narrow + c[8] * np.exp(-0.5 * v * v) + flat)
        return total

    return value


if __name__ == "__main__":
    main()
