"""``bartik menu``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import next_step

if TYPE_CHECKING:
    from bartik.profile.menu import Dish

_Dishes = Annotated[list[str], typer.Argument(metavar="BUNDLE=N ...", help="Bundles, each with its candidates an event.")]
_Budget = Annotated[
    str, typer.Option("--budget", metavar="TIME", help="For all of them: 10us/event, or a share of a stage: hlt1:20%, hlt2:1%.")
]
_Backend = Annotated[str, typer.Option("--backend", metavar="NAME", help="What runs them.")]
_Seconds = Annotated[float, typer.Option("--seconds", help="Time spent on measuring.")]


def menu(bundles: _Dishes, budget: _Budget = "hlt1", backend: _Backend = "native", seconds: _Seconds = 3.0) -> None:
    """Add up several bundles, each as often an event as it has candidates, against one time budget; all measured here.

    Example: bartik menu runs/ghost_probability/bundle=150 runs/two_track_trigger/bundle=40 --budget hlt2:1%
    """
    from bartik.profile.budget import read_budget
    from bartik.profile.menu import measure_menu

    allowed = read_budget(budget, 1)
    found = measure_menu([_dish(text) for text in bundles], backend, seconds)
    for name, each in found.alone.items():
        print(f"{each * 1e6:10.2f} us  {each / allowed:8.1%}  {name}")
    apart = sum(found.alone.values())
    print(f"{found.all * 1e6:10.2f} us  {found.all / allowed:8.1%}  all in turn (apart: {apart * 1e6:.2f} us)")
    print(f"{allowed * 1e6:10.2f} us    100.0%  budget, {budget}; one thread here, which predicts no GPU")
    next_step("bartik advise BUNDLE says what would fit on a device")


def _dish(text: str) -> Dish:
    import bartik
    from bartik.core import UsageError
    from bartik.profile.menu import Dish

    name, _, number = text.rpartition("=")
    if not name or not number.isdigit() or int(number) < 1:
        raise UsageError(f"{text}: wanted BUNDLE=CANDIDATES", hint="for example runs/ghost_probability/bundle=150")
    return Dish(bartik.load(name), int(number))
