"""``bartik compile``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import BundlePath, ConsoleProgress, next_step
from bartik.core import UnknownNameError, UsageError

if TYPE_CHECKING:
    from bartik.compiler.tuning import Tuning
    from bartik.core.bundle import Bundle

Target = Annotated[str, typer.Option("--target", metavar="NAME", help="What to write: cxx, cuda, allen, gaudi, sofie or triton.")]
OutDir = Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder to write.")]
Show = Annotated[str, typer.Option("--show", metavar="STAGE", help="Print a stage instead: graph, loops, cxx or cuda.")]
Tune = Annotated[
    bool, typer.Option("--tune", help="Measure tiles, vectors and blocks on this machine, keep the best for native and for -o.")
]
Axes = Annotated[str, typer.Option("--axes", metavar="NAME=SIZE,...", help="Sizes of free axes: all but the batch need one.")]


def compile_bundle(
    bundle: BundlePath, target: Target = "cxx", output: OutDir = None, show: Show = "", axes: Axes = "", tune: Tune = False
) -> None:
    """Turn a bundle into C++ or CUDA: a header without dependencies, and a self-test.

    Example: bartik compile runs/ghost_probability/bundle --target cxx -o generated && make -C generated run
    """
    import bartik
    from bartik.checks import sized
    from bartik.compiler import generate, stages
    from bartik.core.bundle import sizes_of

    opened = sized(bartik.load(bundle), sizes_of(axes, "--axes"))
    if show:
        texts = stages(opened)
        if show not in texts:
            raise UnknownNameError("stage", show, texts)
        print(texts[show])
        return
    tuning = _tuned(opened) if tune else None
    if output is None and tuning is not None:
        next_step(f"bartik bench {bundle}")
        return
    if output is None:
        raise UsageError("compile: no folder to write", hint="name it with -o DIR, or look at a stage with --show graph|loops|cxx|cuda")
    for path in generate(opened, target, output, *([tuning] if tuning else [])):
        print(path)
    next_step(_NEXT.get(target, "make -C {}").format(output))


def _tuned(bundle: Bundle) -> Tuning:
    """The fastest on this machine, with a table of all that was tried."""
    from bartik.profile.tune import tune

    best, tried = tune(bundle, progress=ConsoleProgress())
    for one in tried:
        batches = ", ".join(map(str, one.batches))
        print(f"{one.gain.value:6.3f} ({one.gain.low:.3f} to {one.gain.high:.3f}) times the best before, batch {batches:14} {one.tuning}")
    print(f"best: {best}")
    return best


_NEXT = {
    "cxx": "make -C {} run",
    "cuda": "make -C {} test",
    "allen": "make -C {}/test test",
    "gaudi": "make -C {}/test test",
    "sofie": "make -C {} test",
    "triton": "cat {}/README.md",
}
