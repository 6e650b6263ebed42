"""How fast a fit of the D0 mass is, against iminuit with numba-stats and against zfit, and whether all find the same.

python benchmarks/charm_fit.py [--events 1000000] [--threads 2] [--zfit /path/to/python/with/zfit] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import Config, load_config
from bartik.core.plugins import usecase_folder
from bartik.usecases.charm_fit import mass
from bartik.usecases.charm_fit.problem import Fitter

Found = dict[str, Any]
Start = dict[str, tuple[float, ...]]

ZFIT = r"""
import json, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, zfit
data, start, low, high = np.load(sys.argv[1]), json.loads(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
space = zfit.Space("x", limits=(low, high))
p = {k: zfit.Parameter(k.replace(" ", "_"), v[0], v[2], v[3], step_size=v[1]) for k, v in start.items()}
peak = zfit.pdf.GeneralizedCB(mu=p["mean"], sigmal=p["left sigma"], alphal=p["left tail"], nl=p["left power"], sigmar=p["right sigma"],
    alphar=p["right tail"], nr=p["right power"], obs=space, extended=p["signal"])
negative = zfit.ComposedParameter("negative", lambda s: -s, params=[p["slope"]])
flat = zfit.pdf.Exponential(lam=negative, obs=space, extended=p["background"])
model = zfit.pdf.SumPDF([peak, flat])
loss = zfit.loss.ExtendedUnbinnedNLL(model=model, data=zfit.Data.from_numpy(obs=space, array=data))
parameters = list(p.values())
loss.value_gradient(parameters); loss.value_gradient(parameters)
t = time.perf_counter()
for _ in range(5): loss.value_gradient(parameters)
each = (time.perf_counter() - t) / 5
t = time.perf_counter()
result = zfit.minimize.Minuit(gradient="zfit", tol=1e-5).minimize(loss, parameters)
fit = time.perf_counter() - t
t = time.perf_counter(); result.hesse(method="hesse_np"); hesse = time.perf_counter() - t
print(json.dumps({"each": each, "fit": fit + hesse, "values": {k: float(v.value()) for k, v in p.items()}, "version": zfit.__version__}))
"""


def main() -> None:
    """Run all that are there, one after the other, on the same events, and print a table."""
    options = _options()
    config = _config(options)
    rows, problem = _data(config)
    start = {one.name: one[1:] for one in problem.start(rows)}
    torch = config.replace({"fit": {"engine": "torch"}})
    programs: dict[str, Callable[[], Found]] = {
        "bartik, compiled": lambda: _ours(problem, config, rows),
        "bartik, torch": lambda: _ours(problem, torch, rows),
        "iminuit + numba-stats": lambda: _numba(rows, start, config, fused=False),
        "iminuit + numba-stats, parallel": lambda: _numba(rows, start, config, fused=True),
    }
    if options.zfit:
        programs["zfit"] = lambda: _zfit(options.zfit, rows, start, config)
    found: dict[str, Found] = {}
    for name, program in programs.items():
        found[name] = program()
        print(f"{name}: {1e3 * found[name]['each']:.1f} ms an evaluation, {found[name]['fit']:.1f} s the fit", file=sys.stderr, flush=True)
    _print(found, len(rows), options.threads)
    if options.json:
        machine = {"cpu": platform.processor(), "cores": os.cpu_count(), "load": os.getloadavg()}
        Path(options.json).write_text(json.dumps({"machine": machine, "events": len(rows), "found": found}, indent=1), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--zfit", default="")
    parser.add_argument("--json", default="")
    return parser.parse_args()


def _config(options: argparse.Namespace) -> Config:
    settings = [f"data.events={options.events}", f"fit.threads={options.threads}"]
    return load_config(usecase_folder(mass), settings=settings)


def _data(config: Config) -> tuple[Any, Any]:
    problem = mass.problem(config)
    return problem.draw(np.random.default_rng(1), int(config.data.events)), problem


def _ours(problem: Any, config: Config, rows: Any) -> Found:
    fitter = Fitter(problem, config.fit)
    begin = time.perf_counter()
    start = np.array([one.start for one in problem.start(rows)])
    likelihood = fitter.likelihood(rows, start)
    likelihood.value_and_gradient(start)
    prepared = time.perf_counter() - begin
    each = _repeated(lambda: likelihood.value_and_gradient(start))
    begin = time.perf_counter()
    fit = fitter(rows)
    seconds = time.perf_counter() - begin
    values = dict(zip(fit.names, fit.values.tolist(), strict=True))
    errors = dict(zip(fit.names, fit.errors.tolist(), strict=True))
    return {"each": each, "gradient": True, "fit": seconds, "calls": fit.calls, "values": values, "errors": errors, "prepared": prepared}


def _numba(rows: Any, start: Start, config: Config, *, fused: bool) -> Found:
    here = Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != here]  # numba would take coverage.py for the package of that name
    import numba  # noqa: PLC0415 - a peer, where it is there
    from iminuit import Minuit, cost  # noqa: PLC0415
    from numba_stats import crystalball_ex, truncexpon  # noqa: PLC0415

    low, high = config.data.low, config.data.high
    ends, x = np.array([low, high]), rows[:, 0].copy()
    numba.set_num_threads(min(config.fit.threads, numba.config.NUMBA_NUM_THREADS))
    names = ("_pdf", "_cdf") if fused else ("pdf", "cdf")  # what numba can call, or what Python calls
    pdf, cdf, flat = getattr(crystalball_ex, names[0]), getattr(crystalball_ex, names[1]), getattr(truncexpon, names[0])

    def rate(x, signal, background, mean, sigma1, left, power1, sigma2, right, power2, slope):  # noqa: ANN001, ANN202, PLR0913, PLR0917
        inside = cdf(ends, left, power1, sigma1, right, power2, sigma2, mean)
        peak = pdf(x, left, power1, sigma1, right, power2, sigma2, mean) / (inside[1] - inside[0])
        return signal + background, signal * peak + background * flat(x, low, high, low, 1 / slope)

    model = numba.njit(rate, parallel=True, fastmath=True, error_model="numpy") if fused else rate
    function = cost.ExtendedUnbinnedNLL(x, model)
    values = [one[0] for one in start.values()]
    function(*values)
    each = _repeated(lambda: function(*values))
    minuit = Minuit(function, *values, name=list(start))
    minuit.limits, minuit.errors = [one[2:] for one in start.values()], [one[1] for one in start.values()]
    minuit.strategy = 1
    begin = time.perf_counter()
    minuit.migrad()
    minuit.hesse()
    seconds = time.perf_counter() - begin
    minuit.tol = 1e-4  # for the comparison of values alone
    minuit.migrad()
    return {"each": each, "gradient": False, "fit": seconds, "calls": minuit.nfcn, "values": minuit.values.to_dict(), "valid": minuit.valid}


def _zfit(python: str, rows: Any, start: Start, config: Config) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        np.save(path, rows[:, 0])
        words = [python, "-c", ZFIT, str(path), json.dumps(start), str(config.data.low), str(config.data.high)]
        environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "OMP_NUM_THREADS"}}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"zfit: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1]) | {"gradient": True}


def _repeated(function: Callable[[], object], times: int = 5) -> float:
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        function()
        found.append(time.perf_counter() - begin)
    return float(np.median(found))


def _print(found: dict[str, Found], events: int, threads: int) -> None:
    ours = found["bartik, compiled"]
    print(f"{events} events, {threads} threads, load {os.getloadavg()[0]:.1f}")
    print("| program | one evaluation, ms | with gradient | whole fit, s | evaluations | times ours | largest difference in errors |")
    print("|---|---|---|---|---|---|---|")
    for name, one in found.items():
        away = max(abs(one["values"][key] - ours["values"][key]) / ours["errors"][key] for key in ours["values"])
        gradient, calls = "yes" if one["gradient"] else "no", one.get("calls", "")
        print(
            f"| {name} | {1e3 * one['each']:.1f} | {gradient} | {one['fit']:.2f} | {calls} | {one['fit'] / ours['fit']:.1f} | {away:.1e} |"
        )


if __name__ == "__main__":
    main()
