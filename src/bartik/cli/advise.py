"""``bartik advise``."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import BundlePath, next_step
from bartik.cli.smaller import Rows, Target

if TYPE_CHECKING:
    from bartik.core import Arrays
    from bartik.core.bundle import Bundle
    from bartik.workflow.smaller import Make

_Budget = Annotated[
    str, typer.Option("--budget", metavar="TIME", help="0.55us/event, 3.6ns/candidate, or a share of a stage: hlt1:5%, hlt2:1%.")
]
_Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="a5000, a100, h100, v100, t4, rtx2080ti, or here: a thread of this machine.")
]
_Candidates = Annotated[float, typer.Option("--candidates", metavar="N", help="Candidates of an event.")]
_Seconds = Annotated[float, typer.Option("--seconds", help="Time spent on each thing that is measured.")]
_KEPT = (0.75, 0.5)
"""Shares of the hidden units that are tried."""


def advise(
    bundle: BundlePath,
    budget: _Budget = "hlt1:5%",
    device: _Device = "a5000",
    candidates: _Candidates = 150,
    data: Rows = None,
    target: Target = "",
    seconds: _Seconds = 1.0,
) -> None:
    """Say whether a bundle fits a time budget on a device, what to shrink if not, and what alternatives bring, measured here.

    Example: bartik advise runs/ghost_probability/bundle --budget 0.55us/event --device a5000
    """
    import bartik
    from bartik.profile.advice import measured_alternatives, predict, reached, shrink
    from bartik.profile.budget import read_budget
    from bartik.profile.devices import HERE
    from bartik.profile.profiler import profile

    allowed = read_budget(budget, candidates)
    opened = bartik.load(bundle)
    found = profile(opened, seconds=seconds)
    predicted = predict(found, device)
    print(f"budget {budget}: {_ns(allowed)} a candidate, {candidates:g} candidates an event")
    if device == HERE:
        print(f"here: predicted {_ns(predicted.likely)}, measured {_ns(found.whole.seconds / found.batch)} a candidate in batches")
    else:
        print(f"{predicted.device}: at least {_ns(predicted.roofline)} a candidate (as fast as its makers say it can be);")
        print(
            f"  likely {_ns(predicted.likely)}, if kernels reach {reached(found):.0%} of the limit there, as here. Predicted, not measured"
        )
    print("fits" if predicted.likely <= allowed else f"does not fit: {predicted.likely / allowed:.3g} times the budget")
    if less := shrink(predicted, allowed):
        print(less)
    print("\nmeasured here, one thread, the fastest first:")
    with tempfile.TemporaryDirectory() as folder:
        for one in measured_alternatives(opened, _smaller(opened, Path(folder), data, target), seconds):
            print(f"  {_ns(one.seconds):>10} a candidate  {one.name}{f': {one.cost}' if one.cost else ''}")
    next_step(f"bartik profile {bundle} shows each layer; bartik quantize and bartik narrow write the smaller ones")


def _smaller(bundle: Bundle, folder: Path, data: Path | None, target: str) -> dict[str, tuple[Bundle, str]]:
    """Smaller bundles by name, each with what it costs in words; those that cannot be made are left out, with the reason on stderr."""
    from bartik.core import BartikError
    from bartik.exporters.quantized import quantize
    from bartik.workflow.smaller import smaller

    def of(name: str, write: Make) -> tuple[Bundle, str] | None:
        try:
            made, changes = smaller(bundle, data or bundle.path.parent, target, write)
        except BartikError as error:
            print(f"{name}: not tried: {error.message}", file=sys.stderr)
            return None
        return made, "; ".join(f"{c.metric} {c.after.value - c.before.value:+.5f}" for c in changes[:2]) or "not judged"

    tried = {"int8": of("int8", lambda rows: quantize(bundle, rows, folder / "int8", "int8"))}
    for keep in _KEPT:
        name = f"{keep:.0%} of the hidden units"
        tried[name] = of(name, partial(_narrow, bundle, folder / f"keep_{keep}", keep))
    return {name: one for name, one in tried.items() if one is not None}


def _narrow(bundle: Bundle, path: Path, keep: float, rows: Arrays) -> Bundle:
    from bartik.exporters.narrowed import narrow

    return narrow(bundle, rows, path, keep)


def _ns(seconds: float) -> str:
    return f"{seconds * 1e9:.3g} ns" if seconds < 1e-6 else f"{seconds * 1e6:.3g} us"
