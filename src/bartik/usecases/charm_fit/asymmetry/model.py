"""The simultaneous fit, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import Array, Config, Model, UseCase
from bartik.usecases.charm_fit.asymmetry.data import ASYMMETRY, CATEGORIES, NAMES, PION, PLACES, category_of, draw, truth_of
from bartik.usecases.charm_fit.common import line, spread
from bartik.usecases.charm_fit.problem import Problem
from bartik.usecases.charm_fit.result import Fit, Parameter


def problem(config: Config) -> Problem:
    """37 parameters, 16 categories."""
    return Problem(
        density=_density(config),
        columns=("delta_mass",),
        start=start,
        categories=_categories,
        draw=lambda rng, size: draw(truth_of(config, size), config, rng),
        truth=truth_of(config, int(config.data.events)),
        project=lambda fit, rows: _projections(config, fit, rows),
        interest=(ASYMMETRY, *(f"A_raw pipi {place}" for place in PLACES)),
    )


def load(_: UseCase, config: Config, checkpoint: Path) -> Model:
    """The fitted density as a module."""
    from bartik.usecases.charm_fit.asymmetry.network import FittedAsymmetry

    return FittedAsymmetry(_density(config), Fit.read(checkpoint).values)


def start(rows: Array) -> list[Parameter]:
    """Where the fit begins: half of each category is signal, no asymmetries."""
    counts = np.bincount(category_of(rows), minlength=16).astype(np.float64)
    pairs = counts.reshape(2, 2, 4).sum(1).reshape(-1)
    numbers = [(0.5 * n, 0.05 * n + 1, 0.0, 3 * n + 100) for n in pairs]
    numbers += [(0.0, 0.01, -0.9, 0.9)] * (len(PLACES) + 1)
    numbers += [(0.5 * n, 0.05 * n + 1, 0.0, 3 * n + 100) for n in counts]
    numbers += [
        (145.4, 0.05, 144.5, 146.5),
        (0.5, 0.05, 0.05, 3.0),
        (-0.1, 0.05, -3.0, 3.0),
        (1.2, 0.05, 0.3, 8.0),
        (0.3, 0.05, 0.0, 1.0),
        (0.4, 0.05, 0.05, 3.0),
        (0.5, 0.05, 0.3, 2.0),
        (0.05, 0.02, -1.0, 2.0),
    ]
    return [Parameter(name, *values) for name, values in zip(NAMES, numbers, strict=True)]


def expected(truth: Mapping[str, float]) -> tuple[Array, Array]:
    """Signal and background candidates [16] expected in each category."""
    import torch

    from bartik.usecases.charm_fit.asymmetry.network import AsymmetryDensity

    signal, background = AsymmetryDensity.yields(torch.tensor([truth[name] for name in NAMES], dtype=torch.float64))
    return signal.numpy(), background.numpy()


def rate(config: Config, truth: Mapping[str, float], category: int) -> Callable[[Array], Array]:
    """Candidates per MeV of a category at mass differences [n]."""
    values = np.array([truth[name] for name in NAMES])
    return lambda mass: np.asarray(sum(_parts(config, values, mass, category)))


def log_truth(config: Config, rows: Array) -> tuple[Array, Array]:
    """Share of signal, and logarithm of the true density over all categories, of rows [rows, 4]."""
    truth, which = truth_of(config, 1), category_of(rows)
    values = np.array([truth[name] for name in NAMES])
    share, logs = np.empty(len(rows)), np.empty(len(rows))
    for category in range(16):
        mine = which == category
        narrow, broad, flat = _parts(config, values, rows[mine, 0], category)
        total = narrow + broad + flat
        share[mine], logs[mine] = 1 - flat / total, np.log(total)
    return share, logs


def _density(config: Config) -> Any:
    from bartik.usecases.charm_fit.asymmetry.network import AsymmetryDensity

    return AsymmetryDensity(config.data.high)


def _categories(rows: Array) -> list[Array]:
    which = category_of(rows)
    return [rows[which == category, :1] for category in range(16)]


def _parts(config: Config, values: Array, mass: Array, category: int) -> tuple[Array, Array, Array]:
    import torch

    density = _density(config)
    coefficients = density.coefficients(torch.tensor(values, dtype=torch.float64))[category]
    columns = torch.tensor(np.asarray(mass, np.float64))[:, None]
    narrow, broad, flat = (part.numpy() for part in density.parts(columns, coefficients))
    return narrow, broad, flat


def _part(config: Config, values: Array, place: int, mass: Array) -> Array:
    return _parts(config, values, mass, 0)[place]


def _projections(config: Config, fit: Fit, rows: Array) -> list[dict[str, Any]]:
    signal, background = expected({name: fit[name] for name in NAMES})
    edges, which = np.linspace(PION, config.data.high, 101), category_of(rows)
    shares = [spread(partial(_part, config, fit.values, k), edges, 1.0) for k in range(3)]
    found = []
    for mode, title in enumerate(("D⁰ → K⁻K⁺", "D⁰ → π⁻π⁺")):
        mine = slice(8 * mode, 8 * mode + 8)
        wide, total = fit["wide fraction"], signal[mine].sum()
        heights = (total * (1 - wide), total * wide, background[mine].sum())
        names = ("Johnson", "Gaussian", "background")
        parts = {name: share * height for name, share, height in zip(names, shares, heights, strict=True)}
        found.append(line(f"{title}, all categories", "mass of D* less that of D⁰ [MeV]", rows[which // 8 == mode, 0], edges, parts))
    return [*found, _counts(which, signal + background)]


def _counts(which: Array, wanted: Array) -> dict[str, Any]:
    return line("Candidates in the 16 categories", f"category, from {CATEGORIES[0]}", which, np.arange(17) - 0.5, {"fit": wanted})
