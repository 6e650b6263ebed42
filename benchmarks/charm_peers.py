"""Programs that `charm_fit.py` compares ours with: iminuit with numba-stats, with a loop of one's own, and zfit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import Config

Found = dict[str, Any]
Program = tuple[Callable[[], object], Callable[[], Found]]
"""One evaluation of the likelihood; the fit: seconds, calls, values, whether it is valid, what gradient it had."""
Start = dict[str, tuple[float, ...]]

ZFIT = r"""
import json, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[5])); tf.config.threading.set_inter_op_parallelism_threads(1)
import zfit
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
t = time.process_time()
for _ in range(5): loss.value_gradient(parameters)
each = (time.process_time() - t) / 5
for mode in (0, 1):
    for k, v in start.items(): p[k].set_value(v[0])
    t = time.perf_counter(), time.process_time()
    result = zfit.minimize.Minuit(gradient="zfit", mode=mode).minimize(loss, parameters)
    result.hesse(method="minuit_hesse")
    fit, processor = time.perf_counter() - t[0], time.process_time() - t[1]
    if result.valid: break
zfit.minimize.Minuit(gradient="zfit", tol=1e-6).minimize(loss, parameters)  # for the comparison of values alone
print(json.dumps({"each": each, "fit": fit, "processor": processor, "calls": int(result.info["n_eval"]), "valid": bool(result.valid),
    "strategy": mode, "values": {k: float(v.value()) for k, v in p.items()}}))
"""


def numba_package(config: Config) -> Any:
    """Numba with as many threads as ours."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != here]  # numba would take coverage.py for the package of that name
    import numba  # noqa: PLC0415 - a peer, where it is there

    numba.set_num_threads(min(config.fit.threads, numba.config.NUMBA_NUM_THREADS))
    print(f"numba {numba.__version__}, vector functions of libsvml: {numba.config.USING_SVML}", file=sys.stderr, flush=True)
    return numba


def _library(_: Any, config: Config, rows: Any, start: Start, *, parallel: bool) -> Program:
    """Densities of numba-stats under iminuit's cost function: one after the other, or in one function that numba makes parallel."""
    numba = numba_package(config)
    from iminuit import cost  # noqa: PLC0415
    from numba_stats import crystalball_ex, truncexpon  # noqa: PLC0415

    low, high = config.data.low, config.data.high
    ends, x = np.array([low, high]), rows[:, 0].copy()
    names = ("_pdf", "_cdf") if parallel else ("pdf", "cdf")  # what numba can call, or what Python calls
    pdf, cdf, flat = getattr(crystalball_ex, names[0]), getattr(crystalball_ex, names[1]), getattr(truncexpon, names[0])

    def rate(x, signal, background, mean, sigma1, left, power1, sigma2, right, power2, slope):  # noqa: ANN001, ANN202, PLR0913, PLR0917
        inside = cdf(ends, left, power1, sigma1, right, power2, sigma2, mean)
        peak = pdf(x, left, power1, sigma1, right, power2, sigma2, mean) / (inside[1] - inside[0])
        return signal + background, signal * peak + background * flat(x, low, high, low, 1 / slope)

    function = cost.ExtendedUnbinnedNLL(x, numba.njit(rate, parallel=True, fastmath=True, error_model="numpy") if parallel else rate)
    values = [one[0] for one in start.values()]
    return lambda: function(*values), lambda: fitted(function, start, closer=False)


def _loop(problem: Any, config: Config, rows: Any, start: Start, *, gradient: bool) -> Program:
    """One loop over the events, written by hand for this model; what is outside of the loop (integrals) is ours.

    With ``gradient`` the derivatives of each event are written by hand too, and MINUIT gets our gradient of the integrals.
    """
    import torch  # noqa: PLC0415

    from bartik.nn.likelihood import Likelihood  # noqa: PLC0415

    value, both = _loops(numba_package(config), config.data.low)
    density, values = problem.density, np.array([one[0] for one in start.values()])
    if gradient:
        likelihood = Likelihood(density, [rows], evaluate=lambda part, given: both(part[:, 0], given), chunk=len(rows))
        kept = _Remembered(likelihood.value_and_gradient)
        return lambda: likelihood.value_and_gradient(values), lambda: fitted(kept.value, start, kept.gradient)
    x = rows[:, 0].copy()

    def function(parameters: Any) -> float:
        with torch.no_grad():
            given = torch.tensor(np.asarray(parameters), dtype=torch.float64)
            return -value(x, density.coefficients(given)[0].numpy()) + float(density.expected(given))

    return lambda: function(values), lambda: fitted(function, start, closer=False)


class _Remembered:
    """MINUIT asks for value and gradient at one place after the other."""

    def __init__(self, function: Callable[[Any], tuple[float, Any]]) -> None:
        self._function, self._key = function, b""

    def _both(self, values: Any) -> tuple[float, Any]:
        key = np.asarray(values).tobytes()
        if key != self._key:
            self._key, self._found = key, self._function(np.asarray(values))
        return self._found

    def value(self, values: Any) -> float:
        return self._both(values)[0]

    def gradient(self, values: Any) -> Any:
        return self._both(values)[1]


def _loops(numba: Any, low: float) -> tuple[Any, Any]:
    """Functions of masses [events] and our coefficients [12]: the sum of the logarithms; and its derivatives."""

    @numba.njit(fastmath=True, error_model="numpy", inline="always")
    def event(x, c):  # noqa: ANN001, ANN202
        side = x < c[0]
        away, inverse = abs(x - c[0]), c[1] if side else c[5]
        begin, power, ratio = (c[2], c[3], c[4]) if side else (c[6], c[7], c[8])
        t = away * inverse
        beyond = max(0.0, t - begin)
        core, reach = t - beyond, 1 + beyond * ratio
        logarithm = np.log(reach)
        peak = c[10] * np.exp(-0.5 * core * core - power * logarithm)
        flat = c[11] * np.exp(-c[9] * (x - low))
        return side, away, beyond, core, power / reach, ratio, logarithm, peak, flat

    @numba.njit(parallel=True, fastmath=True, error_model="numpy")
    def value(x, c):  # noqa: ANN001, ANN202
        total = 0.0
        for i in numba.prange(len(x)):
            found = event(x[i], c)
            total += np.log(found[7] + found[8])
        return total

    @numba.njit(parallel=True, fastmath=True, error_model="numpy")
    def both(x, c):  # noqa: ANN001, ANN202
        total = m = i1 = b1 = p1 = r1 = i2 = b2 = p2 = r2 = s = p = f = 0.0
        for i in numba.prange(len(x)):
            side, away, beyond, core, falls, ratio, logarithm, peak, flat = event(x[i], c)
            whole = 1 / (peak + flat)
            share, rest = peak * whole, flat * whole
            dt = share * (-falls * ratio if beyond > 0 else -core)  # by the distance in standard deviations
            left, right = (1.0, 0.0) if side else (0.0, 1.0)
            db = share * (falls * ratio - core) if beyond > 0 else 0.0
            total += np.log(peak + flat)
            m += dt * (left * c[1] - right * c[5])
            i1 += left * dt * away
            b1 += left * db
            p1 -= left * share * logarithm
            r1 -= left * share * beyond * falls
            i2 += right * dt * away
            b2 += right * db
            p2 -= right * share * logarithm
            r2 -= right * share * beyond * falls
            s -= rest * (x[i] - low)
            p += share
            f += rest
        return total, np.array([m, i1, b1, p1, r1, i2, b2, p2, r2, s, p / c[10], f / c[11]])

    return value, both


def fitted(function: Any, start: Start, gradient: Any = None, *, closer: bool = True) -> Found:
    """The fit by MIGRAD and HESSE with strategy 0, and with 1 where that has no valid minimum; then, untimed, ``closer`` to the minimum."""
    begin = time.perf_counter(), time.process_time()
    for strategy in (0, 1):
        minuit = _minuit(function, start, gradient)
        minuit.strategy = strategy
        minuit.migrad()
        minuit.hesse()
        if minuit.valid:
            break
    seconds, processor = time.perf_counter() - begin[0], time.process_time() - begin[1]
    found = {"fit": seconds, "processor": processor, "calls": minuit.nfcn + minuit.ngrad, "valid": minuit.valid, "strategy": strategy}
    if closer:
        minuit.tol = 1e-4
        minuit.migrad()
    return found | {"values": minuit.values.to_dict(), "gradient": "of MINUIT" if gradient is None else "exact"}


def _minuit(function: Any, start: Start, gradient: Any) -> Any:
    from iminuit import Minuit  # noqa: PLC0415

    values = [one[0] for one in start.values()]
    if hasattr(function, "ndata"):  # one of iminuit's own
        minuit = Minuit(function, *values, name=list(start))
    else:
        minuit = Minuit(function, np.array(values), grad=gradient, name=list(start))
        minuit.errordef = Minuit.LIKELIHOOD
    minuit.limits, minuit.errors = [one[2:] for one in start.values()], [one[1] for one in start.values()]
    return minuit


def zfit_program(python: str, rows: Any, start: Start, config: Config) -> Program:
    """What fits with zfit, in a Python of its own."""
    return lambda: None, lambda: _zfit(python, rows, start, config)


def _zfit(python: str, rows: Any, start: Start, config: Config) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        np.save(path, rows[:, 0])
        numbers = (config.data.low, config.data.high, config.fit.threads)
        words = [python, "-c", ZFIT, str(path), json.dumps(start), *map(str, numbers)]
        environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "OMP_NUM_THREADS"}}
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit("zfit failed")
    return json.loads(done.stdout.splitlines()[-1]) | {"gradient": "exact"}


PEERS: dict[str, Callable[..., Program]] = {
    "iminuit + numba-stats": partial(_library, parallel=False),
    "iminuit + numba-stats, one parallel function": partial(_library, parallel=True),
    "iminuit + a loop by hand": partial(_loop, gradient=False),
    "iminuit + a loop by hand with its gradient": partial(_loop, gradient=True),
}
