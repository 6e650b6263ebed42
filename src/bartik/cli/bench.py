"""``bartik bench``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import BundlePath, next_step

if TYPE_CHECKING:
    from bartik.profile.result import Benchmark

Backends = Annotated[list[str] | None, typer.Option("--backend", metavar="NAME", help="Only these; otherwise all.")]
Batches = Annotated[list[int] | None, typer.Option("--batch", metavar="N", help="Only these batch sizes; otherwise 1, 16, 256, 4096.")]
Threads = Annotated[int, typer.Option("--threads", metavar="N", min=1, help="Also 2, 4, ... up to N threads within a call, against one.")]
Copies = Annotated[int, typer.Option("--copies", metavar="N", min=1, help="Also 2, 3, ... up to N copies at once, against one.")]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the numbers, with the machine they are of.")]
PlotFile = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Also draw them (.png or .svg), threads and copies in files beside it."),
]
Seconds = Annotated[float, typer.Option("--seconds", help="Time spent on each batch size.")]


def bench(
    bundle: BundlePath,
    backend: Backends = None,
    batch: Batches = None,
    threads: Threads = 1,
    copies: Copies = 1,
    json: JsonFile = None,
    plot: PlotFile = None,
    seconds: Seconds = 2.0,
) -> None:
    """Measure all backends side by side, in turn in one process, against the trigger's time budget.

    Example: bartik bench runs/ghost_probability/bundle --json bench.json --plot bench.png
    """
    import bartik
    from bartik.core.files import write_json
    from bartik.profile.bench import bench as measure
    from bartik.profile.bench import format_table

    doubled = [1 << power for power in range(1, threads.bit_length()) if 1 << power <= threads]
    numbers = sorted({*doubled, threads} - {1})
    measured = measure(bartik.load(bundle), backend, batch, seconds=seconds, threads=numbers, copies=range(2, copies + 1))
    print(format_table(measured))
    if json is not None:
        write_json(json, measured.to_dict())
    if plot is not None:
        _draw(measured, plot)
    next_step(f"bartik compile {bundle} --target cxx -o generated")


def _draw(measured: Benchmark, path: Path) -> None:
    """The figure of speed, and one beside it for threads and for copies, at the largest batch size, where they were measured."""
    from bartik.plots import save, scaling
    from bartik.workflow.page import speed_figure

    save(speed_figure(measured), path)
    for kind in sorted({row.kind for row in measured.scaling}):
        rows = [row for row in measured.scaling if row.kind == kind]
        largest = max(row.batch for row in rows)
        names = dict.fromkeys(row.backend for row in rows if row.batch == largest)
        gains = {name: [(row.number, row.gain) for row in rows if (row.backend, row.batch) == (name, largest)] for name in names}
        cores = max(row.cores for row in rows if row.batch == largest)
        save(scaling(gains, xlabel=f"{kind}, batch {largest}; at most {cores:.1f} cores in use"), path.with_stem(f"{path.stem}_{kind}"))
