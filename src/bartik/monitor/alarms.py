"""Which slices are an alarm, all tests taken together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bartik.core import Interval
from bartik.monitor.drift import Drift, Thresholds, discoveries, proportions_p
from bartik.monitor.reference import Reference
from bartik.monitor.result import Slice


def judged(reference: Reference, slices: Sequence[Slice], limits: Thresholds) -> list[Slice]:
    """All with their alarms: beyond a threshold, and no chance among all tests made together."""
    tests: list[tuple[int, float, Callable[[], str]]] = []
    for place, one in enumerate(slices):
        tests += [(place, found.p, _drift_alarm(found, limits)) for found in one.drifts]
        tests += [(place, *_rate_test(reference, name, rate, one, limits)) for name, rate in one.rates.items()]
    found = discoveries(np.array([p for _, p, _ in tests]), limits.false_discoveries)
    alarms: list[list[str]] = [_plain_alarms(reference, one, limits) for one in slices]
    for (place, _, alarm), real in zip(tests, found, strict=True):
        if real and (text := alarm()):
            alarms[place].append(text)
    return [Slice(**{**vars(one), "alarms": tuple(told)}) for one, told in zip(slices, alarms, strict=True)]


def _drift_alarm(found: Drift, limits: Thresholds) -> Callable[[], str]:
    text = f"{found.column} has moved: PSI {found.psi:.3f}, largest distance {found.ks:.3f}"
    return lambda: text if found.psi > limits.psi else ""


def _rate_test(reference: Reference, name: str, rate: Interval, one: Slice, limits: Thresholds) -> tuple[float, Callable[[], str]]:
    scored = round(one.rows * (1 - one.drifts[-1].missing))
    usual = reference.passed[name] / reference.rows
    p = proportions_p(round(rate.value * scored), scored, reference.passed[name], reference.rows)
    moved = abs(rate.value - usual) > limits.rate * usual
    return p, lambda: f"{rate.value:.3%} above the threshold of {name!r}, in the reference {usual:.3%}" if moved else ""


def _plain_alarms(reference: Reference, one: Slice, limits: Thresholds) -> list[str]:
    """What needs no test: values never seen, values that are not there."""
    told = []
    for found, column in zip(one.drifts, (*reference.columns, reference.score), strict=True):
        usual = column.missing / (column.rows + column.missing)
        if found.unseen > limits.unseen:
            told.append(f"{found.column}: {found.unseen:.2%} of values outside of all that the reference has")
        if found.missing > usual + limits.missing:
            told.append(f"{found.column}: {found.missing:.2%} of rows have none")
    return told
