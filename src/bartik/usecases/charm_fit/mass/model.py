"""The fit of the mass, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import Array, Config, Model, UseCase
from bartik.usecases.charm_fit.common import line, spread
from bartik.usecases.charm_fit.mass.data import NAMES, draw, truth_of
from bartik.usecases.charm_fit.problem import Problem
from bartik.usecases.charm_fit.result import Fit, Parameter


def problem(config: Config) -> Problem:
    """Ten parameters, one category."""
    return Problem(
        density=_density(config),
        columns=("mass",),
        start=lambda rows: start(rows, config),
        categories=lambda rows: [rows],
        draw=lambda rng, size: draw(truth_of(config, size), config, rng),
        truth=truth_of(config, int(config.data.events)),
        project=lambda fit, rows: _projections(config, fit, rows),
    )


def load(_: UseCase, config: Config, checkpoint: Path) -> Model:
    """The fitted density as a module."""
    from bartik.usecases.charm_fit.mass.network import FittedMass

    return FittedMass(_density(config), Fit.read(checkpoint).values)


def start(rows: Array, config: Config) -> list[Parameter]:
    """Where the fit begins: the peak is where most candidates are."""
    size, span = float(len(rows)), config.data.high - config.data.low
    counts, edges = np.histogram(rows[:, 0], 60)
    peak = float(edges[counts.argmax()] + 0.5 * (edges[1] - edges[0]))
    values = (
        (0.5 * size, 0.05 * size, 0.0, 3 * size + 100),
        (0.5 * size, 0.05 * size, 0.0, 3 * size + 100),
        (peak, 0.5, config.data.low, config.data.high),
        *(2 * ((0.06 * span, 0.5, 0.005 * span, 0.3 * span), (1.5, 0.1, 0.2, 6.0), (3.0, 0.3, 1.01, 100.0))),
        (0.001, 0.001, -10 / span, 20 / span),
    )
    return [Parameter(name, *numbers) for name, numbers in zip(NAMES, values, strict=True)]


def rate(config: Config, truth: dict[str, float]) -> Callable[[Array], Array]:
    """Candidates per MeV at masses [n]."""
    return lambda mass: np.asarray(sum(_parts(config, np.array([truth[name] for name in NAMES]), mass)))


def log_truth(config: Config, rows: Array) -> tuple[Array, Array]:
    """Share of signal, and logarithm of the true density, of masses [rows, 1]."""
    truth = truth_of(config, 1)
    signal, background = _parts(config, np.array([truth[name] for name in NAMES]), rows[:, 0])
    total = signal + background
    return signal / total, np.log(total)


def _density(config: Config) -> Any:
    from bartik.usecases.charm_fit.mass.network import MassDensity

    return MassDensity(config.data.low, config.data.high)


def _parts(config: Config, values: Array, mass: Array) -> tuple[Array, Array]:
    import torch

    density = _density(config)
    coefficients = density.coefficients(torch.tensor(values, dtype=torch.float64))[0]
    columns = torch.tensor(np.asarray(mass, np.float64))[:, None]
    signal, background = (part.numpy() for part in density.parts(columns, coefficients))
    return signal, background


def _part(config: Config, values: Array, place: int, mass: Array) -> Array:
    return _parts(config, values, mass)[place]


def _projections(config: Config, fit: Fit, rows: Array) -> list[dict[str, Any]]:
    edges = np.linspace(config.data.low, config.data.high, 101)
    shares = [spread(partial(_part, config, fit.values, k), edges, 1.0) for k in range(2)]
    parts = {name: share * fit[name] for name, share in zip(("signal", "background"), shares, strict=True)}
    return [line("Mass", "mass of the D⁰ candidate [MeV]", rows[:, 0], edges, parts)]
