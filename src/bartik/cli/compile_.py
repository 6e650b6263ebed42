"""``bartik compile``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bartik.cli.common import BundlePath, next_step
from bartik.core import UnknownNameError, UsageError

Target = Annotated[str, typer.Option("--target", metavar="NAME", help="What to write: cxx, cuda, allen, gaudi, sofie or triton.")]
OutDir = Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder to write.")]
Show = Annotated[str, typer.Option("--show", metavar="STAGE", help="Print a stage instead: graph, loops, cxx or cuda.")]


def compile_bundle(bundle: BundlePath, target: Target = "cxx", output: OutDir = None, show: Show = "") -> None:
    """Turn a bundle into C++ or CUDA: a header without dependencies, and a self-test.

    Example: bartik compile runs/ghost_probability/bundle --target cxx -o generated && make -C generated run
    """
    import bartik
    from bartik.compiler import generate, stages

    opened = bartik.load(bundle)
    if show:
        texts = stages(opened)
        if show not in texts:
            raise UnknownNameError("stage", show, texts)
        print(texts[show])
        return
    if output is None:
        raise UsageError("compile: no folder to write", hint="name it with -o DIR, or look at a stage with --show graph|loops|cxx|cuda")
    for path in generate(opened, target, output):
        print(path)
    next_step(_NEXT.get(target, "make -C {}").format(output))


_NEXT = {
    "cxx": "make -C {} run",
    "cuda": "make -C {} test",
    "allen": "make -C {}/test test",
    "gaudi": "make -C {}/test test",
    "sofie": "make -C {} test",
    "triton": "cat {}/README.md",
}
