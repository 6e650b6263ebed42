"""Several models of one trigger together: each as often in an event as it has candidates, one after the other, measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from threadpoolctl import threadpool_limits

from bartik.backends import prepare
from bartik.core import UsageError
from bartik.core.bundle import Bundle
from bartik.profile.clock import interleave
from bartik.profile.work import repeated

_ALL = "all"


@dataclass(frozen=True)
class Dish:
    """A model, and how many candidates an event has for it."""

    bundle: Bundle
    candidates: int


@dataclass(frozen=True)
class Menu:
    """Seconds of an event for each model alone, by name, and for ``all`` one after the other: caches are shared, so the sum may be less."""

    alone: dict[str, float]
    all: float


def measure_menu(dishes: Sequence[Dish], backend: str = "native", seconds: float = 3.0) -> Menu:
    """One call a model for the candidates of an event, in turn, on one thread of ``backend``; then all of them as one."""
    if not dishes:
        raise UsageError("no model in the menu")
    names = [f"{number} {dish.bundle.name}, {dish.candidates} an event" for number, dish in enumerate(dishes, 1)]
    with threadpool_limits(1, user_api="blas"):
        calls = {name: _call(dish, backend) for name, dish in zip(names, dishes, strict=True)}
        timings = interleave({**calls, _ALL: partial(_in_turn, list(calls.values()))}, seconds=seconds)
    return Menu({name: timings[name].median for name in names}, timings[_ALL].median)


def _call(dish: Dish, backend: str) -> Callable[[], object]:
    return partial(prepare(dish.bundle, backend).run, repeated(dish.bundle, dish.candidates))


def _in_turn(calls: Sequence[Callable[[], object]]) -> None:
    for call in calls:
        call()
