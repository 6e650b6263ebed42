"""The amplitude fit, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import Array, Config, Model, UseCase
from bartik.usecases.charm_fit import isobars
from bartik.usecases.charm_fit.common import line
from bartik.usecases.charm_fit.problem import Problem
from bartik.usecases.charm_fit.result import Fit, Parameter


def problem(_: Config) -> Problem:
    """24 parameters, one category."""
    from bartik.usecases.charm_fit.dalitz.network import DalitzDensity

    density, real, imaginary = DalitzDensity(isobars.dalitz()), *isobars.couplings()
    values = np.stack([real[1:], imaginary[1:]], 1).reshape(-1)
    return Problem(
        density=density,
        columns=("m2_minus", "m2_plus"),
        start=lambda _: _start(values),
        categories=lambda rows: [rows],
        draw=lambda rng, size: plane_of().points(int(rng.poisson(size)), rng),
        truth=dict(zip(isobars.names(), values.tolist(), strict=True)),
        project=_projections,
        prepare=density.prepare,
    )


@cache
def plane_of() -> isobars.Points:
    """Where points are drawn from."""
    return isobars.Points()


def load(_: UseCase, __: Config, checkpoint: Path) -> Model:
    """The fitted density as a module."""
    from bartik.usecases.charm_fit.dalitz.network import FittedDalitz

    return FittedDalitz(isobars.dalitz(), isobars.parts_of(Fit.read(checkpoint).values), isobars.norm)


def log_truth(_: Config, rows: Array) -> Array:
    """Logarithm of the true density per GeV^4 at squared masses [rows, 2]."""
    return np.asarray(np.log(isobars.intensity(rows[:, 0], rows[:, 1]) / isobars.norm()))


def _start(truth: Array) -> list[Parameter]:
    """Some way from the truth, as a published model would be: amplitude models have many minima far off."""
    values = 0.9 * truth + 0.05 * np.where(np.arange(len(truth)) % 2, 1, -1) * np.abs(truth)
    return [Parameter(name, float(value), 0.02, -20.0, 20.0) for name, value in zip(isobars.names(), values, strict=True)]


def _projections(fit: Fit, rows: Array) -> list[dict[str, Any]]:
    parts = isobars.parts_of(fit.values)
    edges, counts, expected = isobars.on_plane(rows, parts)
    labels = ["m²(K_S π⁻) [GeV²]", "m²(K_S π⁺) [GeV²]"]
    plane = {"kind": "plane", "title": "Dalitz plot", "edges": [edges.tolist(), edges.tolist()], "labels": labels}
    plane |= {"counts": counts.tolist(), "expected": expected.tolist(), "caption": "Events, what the fit expects, and pulls."}
    sides = [line(f"Projection, {text[:10]}", text, rows[:, k], edges, {"fit": expected.sum(1 - k)}) for k, text in enumerate(labels)]
    return [plane, *sides, _pions(rows, parts)]


def _pions(rows: Array, parts: tuple[Array, Array]) -> dict[str, Any]:
    """The squared mass of the pions, by the integral over their helicity angle."""
    from bartik.nn.amplitudes import D_ZERO, KAON_SHORT, PION, quadrature

    total = D_ZERO**2 + KAON_SHORT**2 + 2 * PION**2
    minus, plus, weights = quadrature(2000, 64)
    edges = np.linspace(0.07, 1.88, 91)
    heights, _ = np.histogram(total - minus - plus, edges, weights=weights * isobars.intensity(minus, plus, parts))
    expected = heights * len(rows) / heights.sum()
    return line("Projection, mass of the pions", "m²(π⁺ π⁻) [GeV²]", total - rows.sum(1), edges, {"fit": expected})
