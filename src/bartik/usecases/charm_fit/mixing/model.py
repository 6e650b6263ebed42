"""The time-dependent fit, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

import cmath
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import Array, BartikError, Config, Interval, Model, UseCase
from bartik.usecases.charm_fit import isobars
from bartik.usecases.charm_fit.common import line
from bartik.usecases.charm_fit.mixing.data import NAMES, draw, truth_of
from bartik.usecases.charm_fit.problem import Problem
from bartik.usecases.charm_fit.result import Fit, Parameter

_EXTRA, _TOP = 0.01, 2.0
"""Share of the exchanged intensity in what is drawn first, and what its weight never exceeds."""
_STARTS = ((0.2, 0.2), (0.2, 0.2), (0.1, 0.2), (-0.1, 0.2))


def problem(config: Config) -> Problem:
    """Five parameters; D0 and anti-D0 are the categories."""
    density = _density()
    return Problem(
        density=density,
        columns=("m2_minus", "m2_plus", "time", "sigma"),
        start=_start,
        categories=_categories,
        draw=lambda rng, size: draw(config, int(rng.poisson(size)), rng),
        truth=truth_of(config),
        project=_projections,
        prepare=density.prepare,
        interest=NAMES,
    )


@cache
def plane_of() -> isobars.Points:
    """Where points are drawn from."""
    return isobars.Points(_EXTRA)


def load(_: UseCase, __: Config, checkpoint: Path) -> Model:
    """The fitted density as a module."""
    from bartik.usecases.charm_fit.mixing.network import FittedMixing

    return FittedMixing(_density(), Fit.read(checkpoint).values)


def measured(checkpoint: Path) -> dict[str, Interval]:
    """Every parameter with its 68.3% interval, and what follows for x and y in percent, ``|q/p|`` and the phase in degrees."""
    fit = Fit.read(checkpoint)
    return fit.intervals() | derived(fit)


def derived(fit: Fit) -> dict[str, Interval]:
    """x, y, ``|q/p|`` and phi with linear errors; ``|q/p|`` and phi mean something only where x or y are well away from zero."""
    values, jacobian = fit.values[:4], []
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-4
        jacobian.append((_physical(values + step) - _physical(values - step)) / 2e-4)
    slopes = np.array(jacobian)
    errors = np.sqrt(np.diag(slopes.T @ fit.covariance[:4, :4] @ slopes))
    middle = _physical(values)
    return {
        name: Interval(float(value), float(value - error), float(value + error))
        for name, value, error in zip(("x", "y", "|q/p|", "phi"), middle, errors, strict=True)
    }


def _physical(values: Array) -> Array:
    x, y, dx, dy = map(float, values)
    u, v = complex(y + dy, x + dx), complex(y - dy, x - dx)
    z = cmath.sqrt(u * v)
    z = z if z.real * y >= 0 else -z
    ratio = u / z
    return np.array([z.imag, z.real, abs(ratio), np.degrees(cmath.phase(ratio))])


def weights(config: Config, points: Array, time: Array, anti: Array) -> Array:
    """Chance [n] to keep a proposed event at ``time`` [n] in lifetimes: the true density over that it was drawn from."""
    truth = truth_of(config)
    one = complex(truth["y_CP"] + truth["Delta y"], truth["x_CP"] + truth["Delta x"]) / 100
    other = complex(truth["y_CP"] - truth["Delta y"], truth["x_CP"] - truth["Delta x"]) / 100
    straight = np.where(anti[:, None] > 0, points[:, ::-1], points)
    found = np.empty(len(time))
    for tag, u, v in ((0, one, other), (1, other, one)):
        mine = anti == tag
        found[mine] = _evolved(straight[mine], time[mine], u, v)
    if (found > _TOP).any() or (found < 0).any():
        raise BartikError("truth: mixing is too large for the toy", hint="x_cp and y_cp within 2%")
    return found / _TOP


def _evolved(points: Array, time: Array, u: complex, v: complex) -> Array:
    """The density without its exponential, over ``|A|^2`` and a hundredth of ``|A'|^2``; exact, not expanded."""
    import torch

    density = _density()
    _, _, a, b, real, imaginary = density.prepare(torch.from_numpy(np.column_stack([points, time, time]))).numpy().T
    z = cmath.sqrt(u * v)
    x, y, ratio = z.imag, z.real, u / z if z else 1.0
    cosh, cos = np.cosh(y * time), np.cos(x * time)
    square = abs(ratio) ** 2
    product = ratio * (real + 1j * imaginary) * (np.sinh(y * time) + 1j * np.sin(x * time))
    total = 0.5 * ((a + square * b) * cosh + (a - square * b) * cos) - product.real
    return np.asarray(total / (a + _EXTRA * b))


def log_truth(config: Config, rows: Array) -> Array:
    """Logarithm of the true density per GeV^4 ps at rows [n, 5], given the flavour and the time's error."""
    truth = truth_of(config)
    return _logs(np.array([truth[name] for name in NAMES]), rows)


@cache
def _density() -> Any:
    import torch

    from bartik.usecases.charm_fit.mixing.network import MixingDensity

    real, imaginary = (torch.from_numpy(part) for part in isobars.couplings())
    return MixingDensity(isobars.dalitz(), (real, imaginary))


def _logs(values: Array, rows: Array) -> Array:
    import torch

    density, found = _density(), np.empty(len(rows))
    coefficients = density.coefficients(torch.tensor(values, dtype=torch.float64))
    for tag, columns in enumerate(_categories(rows)):
        for start in range(0, len(columns), 1 << 16):
            place = np.flatnonzero(rows[:, 4] == tag)[start : start + (1 << 16)]
            piece = density.prepare(torch.from_numpy(columns[start : start + (1 << 16)]))
            found[place] = density.log_density(piece, coefficients[tag]).numpy()
    return found


def _categories(rows: Array) -> list[Array]:
    anti = rows[:, 4] > 0.5
    return [rows[~anti, :4].copy(), rows[anti][:, [1, 0, 2, 3]]]


def _start(rows: Array) -> list[Parameter]:
    parameters = [Parameter(name, *numbers, -5.0, 5.0) for name, numbers in zip(NAMES, _STARTS, strict=False)]
    return [*parameters, Parameter("lifetime", max(0.05, float(rows[:, 2].mean())), 0.005, 0.02, 5.0)]


def _projections(fit: Fit, rows: Array) -> list[dict[str, Any]]:
    found = []
    for tag, title in enumerate(("D⁰", "anti-D⁰")):
        mine = rows[rows[:, 4] == tag]
        edges = np.linspace(-0.4, 4.0, 89)
        expected = len(mine) * _in_time(fit.values, tag, edges, mine[:: max(1, len(mine) // 200), 3])
        found.append(line(f"Decay time, {title}", f"decay time of {title} [ps]", mine[:, 2], edges, {"fit": expected}, logarithmic=True))
    return found


def _in_time(values: Array, tag: int, edges: Array, sigmas: Array) -> Array:
    """Share of the events in bins of the decay time, averaged over their errors."""
    import torch

    density = _density()
    coefficients = density.coefficients(torch.tensor(values, dtype=torch.float64))[tag]
    fine = np.linspace(edges[0], edges[-1], 8 * (len(edges) - 1) + 1)
    middle = 0.5 * (fine[1:] + fine[:-1])
    total = np.zeros(len(middle))
    for sigma in sigmas:
        rows = np.tile([0.0, sigma, 1.0, 1.0, density.overlap, 0.0], (len(middle), 1))
        rows[:, 0] = middle
        total += np.exp(density.log_density(torch.from_numpy(rows), coefficients).numpy())
    return np.asarray(total.reshape(-1, 8).sum(1) * (fine[1] - fine[0]) / len(sigmas))
