"""The minimum of a negative log-likelihood, by MINUIT with exact gradients, and its covariance.

MINUIT's MIGRAD (F. James, M. Roos, Comput. Phys. Commun. 10 (1975) 343) comes near; the second derivatives are differences of exact
gradients; Newton's steps with them end at the minimum to a small part of a standard deviation. Of many events MIGRAD sees a part, which
comes as near as a few standard deviations; Newton's steps with the part's second derivatives do the rest on all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bartik.core import Array, BartikError, UnavailableError
from bartik.usecases.charm_fit.result import Fit, Parameter

Function = Callable[[Array], tuple[float, Array]]
"""From values [p]: the negative log-likelihood, and its gradient [p]."""
_WALL = 1e30
"""Stands for a likelihood of zero on the way: MINUIT turns back."""
Near = tuple[Array, Array]
"""Values [p] and about their covariance [p, p]."""
Point = tuple[float, Array]
"""Value and gradient [p] somewhere."""
_EDM = 1e-8
"""Estimated distance to the minimum, in units of the likelihood, at which a fit is done: 1.4e-4 standard deviations."""
_POLISH, _STEPS, _SHARES = 8, 40, (1.0, 0.3, 0.1, 0.03, 0.01)
"""Covariances at most; steps with each; parts of a step that are tried."""
_NOISE = 1e-6
"""Below such a change of the likelihood its gradient says more than its value."""
_STEP, _MOST_STEP, _LONGEST, _CLOSE, _NEAR = 1e-5, 1e-3, 3.0, 0.01, 1e-3
"""In standard deviations: shift for differences of gradients, wanted and at most; the longest step; how near to its covariance a fit
ends; what is at a limit."""


class _Counted:
    """Remembers the last values: MINUIT asks for the value and for the gradient at the same place one after the other."""

    def __init__(self, function: Function, size: int) -> None:
        self._function, self._zeros, self._key = function, np.zeros(size), b""
        self.calls, self.offset = 0, 0.0

    def both(self, values: Array) -> tuple[float, Array]:
        """Value and gradient, less the value at the start: differences then keep more digits."""
        key = np.asarray(values, np.float64).tobytes()
        if key != self._key:
            self.calls += 1
            value, slope = self._function(np.asarray(values, np.float64))
            good = np.isfinite(value) and np.isfinite(slope).all()
            self._found = (value - self.offset, slope) if good else (_WALL, self._zeros)
            self._key = key
        return self._found

    def start(self, values: Array) -> float:
        """The value there, which is taken from all others from now on."""
        self.offset, self._key = 0.0, b""
        self.offset = value = self.value(values)
        self._found = 0.0, self._found[1]
        return value

    def value(self, values: Array) -> float:
        """For MINUIT."""
        return self.both(values)[0]

    def gradient(self, values: Array) -> Array:
        """For MINUIT."""
        return self.both(values)[1]


def minimise(
    function: Function,
    parameters: Sequence[Parameter],
    *,
    most_calls: int = 4000,
    part: Function | None = None,
    near: Near | None = None,
) -> Fit:
    """The fit: values at the minimum, and the inverse of the second derivatives there.

    ``part`` is about the same function, from a part of the events, each of which counts for several: where there is one, its minimum is
    where ``function`` starts. ``near`` are values [p] some standard deviations from the minimum and about its covariance [p, p], where they
    are known. From there MIGRAD is not needed, unless no minimum is found.

    Errors (`BartikError`): the likelihood is zero or infinite at the start; no minimum within ``most_calls``; a parameter stands at its
    limit; the second derivatives are not positive definite. Each says what to try. `UnavailableError` without iminuit.
    """
    counted = _Counted(function, len(parameters))
    near = near if near is not None or part is None else _of_part(part, parameters, most_calls)
    found = None if near is None else _from_near(counted, near, parameters)
    if found is None:
        start = np.array([parameter.start for parameter in parameters])
        _check_start(parameters, start, counted)
        found = _migrad(counted, parameters, start, most_calls)
    _check_limits(parameters, found[0])
    values, covariance = _polished(counted, parameters, *found)
    _check_limits(parameters, values, np.sqrt(np.diag(covariance)))
    value = counted.value(values) + counted.offset
    return Fit(tuple(parameter.name for parameter in parameters), values, covariance, value, counted.calls)


def _of_part(part: Function, parameters: Sequence[Parameter], most_calls: int) -> Near | None:
    """Minimum and covariance of a part of the events; nothing where it has none."""
    few, start = _Counted(part, len(parameters)), np.array([parameter.start for parameter in parameters])
    _check_start(parameters, start, few)
    try:
        values, errors = _migrad(few, parameters, start, most_calls)
        _check_limits(parameters, values)
        return values, _covariance(parameters, hessian(few.gradient, values, _STEP * errors, *_limits(parameters)))
    except BartikError:
        return None


def _from_near(counted: _Counted, near: Near, parameters: Sequence[Parameter]) -> tuple[Array, Array] | None:
    """Values [p] at the minimum, and about their errors [p]; nothing where the way ends elsewhere."""
    if counted.start(near[0]) >= _WALL:
        return None
    values, distance = _newton(counted, *near, _limits(parameters))
    return (values, np.sqrt(np.diag(near[1]))) if distance < _EDM else None


def _migrad(counted: _Counted, parameters: Sequence[Parameter], start: Array, most_calls: int) -> tuple[Array, Array]:
    """Values [p] where MIGRAD ends, and about their errors [p]."""
    minuit = _minuit(counted, parameters, start)
    minuit.migrad(ncall=most_calls)
    if minuit.fmin.has_reached_call_limit or minuit.fval >= _WALL:
        raise BartikError(
            f"the fit did not converge in {counted.calls} calls (EDM {minuit.fmin.edm:.3g})",
            hint="begin nearer to the minimum, fix what the data do not determine, or allow more: --set fit.calls=20000",
        )
    return np.array(minuit.values), _scales(parameters, np.array(minuit.errors))


def _minuit(counted: _Counted, parameters: Sequence[Parameter], start: Array) -> Any:
    try:
        from iminuit import Minuit
    except ImportError as error:
        raise UnavailableError("iminuit is not installed", hint="pip install 'bartik[fit]'") from error
    minuit = Minuit(counted.value, start, grad=counted.gradient, name=[parameter.name for parameter in parameters])
    minuit.errordef, minuit.strategy, minuit.print_level = Minuit.LIKELIHOOD, 0, 0
    minuit.limits = [(parameter.low, parameter.high) for parameter in parameters]
    minuit.errors = [parameter.step for parameter in parameters]
    return minuit


def _check_start(parameters: Sequence[Parameter], start: Array, counted: _Counted) -> None:
    outside = [p for p in parameters if not p.low <= p.start <= p.high]
    if outside:
        p = outside[0]
        raise BartikError(f"parameter {p.name!r} starts at {p.start:g}, outside of its limits {p.low:g} to {p.high:g}", hint="start inside")
    if counted.start(start) >= _WALL:
        raise BartikError(
            "the likelihood is zero, infinite or not a number where the fit starts",
            hint="some event has no density there: narrow the range of the data, or start with a wider shape",
        )


def _limits(parameters: Sequence[Parameter]) -> tuple[Array, Array]:
    return np.array([p.low for p in parameters]), np.array([p.high for p in parameters])


def _check_limits(parameters: Sequence[Parameter], values: Array, errors: Array | None = None) -> None:
    for place, (parameter, value) in enumerate(zip(parameters, values, strict=True)):
        width = errors[place] if errors is not None else min(parameter.step, parameter.high - parameter.low)
        for limit in (parameter.low, parameter.high):
            if abs(value - limit) <= _NEAR * width:
                raise BartikError(
                    f"parameter {parameter.name!r} stands at its limit {limit:g}, where errors mean nothing",
                    hint="widen the limit, or fix the parameter: the data do not determine it",
                )


def _scales(parameters: Sequence[Parameter], errors: Array) -> Array:
    """Steps [p] of differences: a small part of what MINUIT takes for the errors, or of the first steps."""
    firsts = np.array([parameter.step for parameter in parameters])
    good = np.isfinite(errors) & (errors > 0)
    return np.where(good, np.minimum(errors, 100 * firsts), firsts)


def _polished(counted: _Counted, parameters: Sequence[Parameter], values: Array, scales: Array) -> tuple[Array, Array]:
    """Newton's steps until the estimated distance to the minimum is small; covariance where it ends."""
    limits = _limits(parameters)
    for _ in range(_POLISH):
        steps, before = _STEP * scales, values
        covariance = _covariance(parameters, hessian(counted.gradient, values, steps, *limits))
        scales = np.sqrt(np.diag(covariance))
        values, distance = _newton(counted, values, covariance, limits)
        if distance < _EDM and (np.abs(values - before) < _CLOSE * scales).all() and (steps < _MOST_STEP * scales).all():
            return values, covariance
    raise BartikError(
        f"the fit did not converge: the estimated distance to the minimum stays {distance:.3g}",
        hint="begin nearer to the minimum, or fix what the data do not determine",
    )


def _newton(counted: _Counted, values: Array, covariance: Array, limits: tuple[Array, Array]) -> tuple[Array, float]:
    """Steps downhill with a covariance that learns from the gradients (BFGS): where they end, and the distance estimated there."""
    scales, here = np.sqrt(np.diag(covariance)), counted.both(values)
    for _ in range(_STEPS):
        distance = _distance(here, covariance)
        step = -covariance @ here[1]
        step /= max(1.0, float(np.abs(step / scales).max()) / _LONGEST)
        found = None if distance < _EDM else _tried(counted, values, here, step, (covariance, limits))
        if found is None:
            break
        covariance = _learnt(covariance, found[0] - values, found[1][1] - here[1])
        values, here = found
    return values, _distance(here, covariance)


def _tried(
    counted: _Counted, values: Array, here: Point, step: Array, terms: tuple[Array, tuple[Array, Array]]
) -> tuple[Array, Point] | None:
    """A part of the ``step``, at most all of it, that goes down far enough; nothing where none does."""
    covariance, limits = terms
    for share in _SHARES:
        tried = np.clip(values + share * step, *limits)
        there, fall = counted.both(tried), share * float(here[1] @ step)
        nearer = abs(fall) < _NOISE and _distance(there, covariance) < _distance(here, covariance)
        if there[0] < _WALL and (there[0] < here[0] + 1e-4 * fall or nearer):
            return tried, there
    return None


def _distance(point: Point, covariance: Array) -> float:
    """How far the minimum is estimated to be, in units of the likelihood."""
    return float(0.5 * point[1] @ covariance @ point[1])


def _learnt(covariance: Array, step: Array, bend: Array) -> Array:
    """The covariance with which the gradient would have changed by ``bend`` in the ``step`` (Broyden, Fletcher, Goldfarb, Shanno)."""
    curvature = float(step @ bend)
    if curvature <= 0:
        return covariance
    away = covariance @ bend
    grown = np.outer(step, step) * (1 + float(bend @ away) / curvature)
    return np.asarray(covariance + (grown - np.outer(away, step) - np.outer(step, away)) / curvature)


def hessian(gradient: Callable[[Array], Array], values: Array, steps: Array, low: Array, high: Array) -> Array:
    """Second derivatives [p, p] by differences of the gradient in small ``steps`` [p] away from the nearer limit."""
    here = gradient(values)
    rows = []
    for place, step in enumerate(steps):
        inward = step if high[place] - values[place] >= values[place] - low[place] else -step
        shift = np.zeros(len(values))
        shift[place] = inward
        rows.append((gradient(values + shift) - here) / inward)
    found = np.array(rows)
    return np.asarray(0.5 * (found + found.T))


def _covariance(parameters: Sequence[Parameter], second: Array) -> Array:
    scale = np.sqrt(np.abs(np.diag(second)))
    scale = np.where(scale > 0, scale, 1.0)
    finite = bool(np.isfinite(second).all())
    strengths, directions = np.linalg.eigh(second / np.outer(scale, scale) if finite else -np.eye(len(scale)))
    if strengths[0] <= 1e-12:
        worst = np.abs(directions[:, 0]).argsort()[::-1][:2]
        names = " and ".join(repr(parameters[place].name) for place in worst) if finite else "some parameters"
        raise BartikError(
            f"the covariance is not positive definite: the likelihood does not determine {names}",
            hint="fix one of them, or begin elsewhere: this is no minimum",
        )
    return np.asarray((directions / strengths) @ directions.T / np.outer(scale, scale))
