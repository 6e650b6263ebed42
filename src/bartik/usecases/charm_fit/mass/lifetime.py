"""Mass and decay time together: the lifetime of the D0 on real candidates."""

from __future__ import annotations

from bartik.core import Array
from bartik.usecases.charm_fit.minimise import minimise
from bartik.usecases.charm_fit.problem import check_rows
from bartik.usecases.charm_fit.result import Fit, Parameter


def fit_lifetime(rows: Array, mass: tuple[float, float], time: tuple[float, float]) -> Fit:
    """The fit of masses and decay times [rows, 2] within ``mass`` in MeV and ``time`` in ps; parameter ``lifetime`` is the signal's, in ps.

    Give it prompt candidates: those of beauty decays seem to live longer.
    """
    from bartik.nn.likelihood import Likelihood
    from bartik.usecases.charm_fit.mass.network import LifetimeDensity

    inside = (rows[:, 0] > mass[0]) & (rows[:, 0] < mass[1]) & (rows[:, 1] > time[0]) & (rows[:, 1] < time[1])
    kept = rows[inside]
    check_rows(("mass", "decaytime"), kept)
    likelihood = Likelihood(LifetimeDensity(mass, time), [kept])
    return minimise(likelihood.value_and_gradient, _start(float(len(kept))))


def _start(size: float) -> list[Parameter]:
    return [
        Parameter("signal", 0.4 * size, 0.02 * size, 0.0, 2 * size),
        Parameter("background", 0.6 * size, 0.02 * size, 0.0, 2 * size),
        Parameter("mean", 1865.0, 0.2, 1850.0, 1880.0),
        Parameter("sigma", 8.0, 0.2, 2.0, 20.0),
        Parameter("tail", 2.0, 0.1, 0.3, 8.0),
        Parameter("slope", 0.001, 0.0005, -0.05, 0.05),
        Parameter("lifetime", 0.41, 0.005, 0.05, 3.0),
        Parameter("short lifetime", 0.12, 0.005, 0.01, 0.6),
        Parameter("long lifetime", 1.0, 0.05, 0.3, 10.0),
        Parameter("share of the long", 0.3, 0.02, 0.0, 1.0),
    ]
